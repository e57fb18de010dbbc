//! What is known about the player.

use programme::model::PlayerFacts;
use types::{Event, Timestamp, Value};

use super::life::{Life, zone};

impl Life<'_> {
    /// Zone, segments and attributes, as a `profile_changed` says them.
    pub(super) fn change_profile(&mut self, event: &Event, recorded: Timestamp) {
        for (key, value) in &event.attributes {
            match (&**key, value) {
                ("zone", Value::Text(name)) => self.move_to(name, recorded),
                ("segments", Value::List(names)) => {
                    let names = names.iter().filter_map(Value::as_text);
                    self.segments = names.map(Into::into).collect();
                }
                ("zone" | "segments" | "consent", _) => {}
                ("attributes", Value::Map(inner)) => {
                    for (key, value) in inner {
                        self.set(key, value);
                    }
                }
                (key, value) => self.set(key, value),
            }
        }
    }

    fn move_to(&mut self, name: &str, recorded: Timestamp) {
        let Some(zone) = zone(name) else {
            return;
        };
        if self.untouched() {
            self.zones = super::calendar::Zones::new(zone);
        } else {
            self.zones.change(&zone, recorded);
        }
    }

    fn set(&mut self, key: &str, value: &Value) {
        self.attributes.retain(|(known, _)| **known != *key);
        self.attributes.push((key.into(), value.clone()));
    }
}

impl PlayerFacts for Life<'_> {
    fn attribute(&self, name: &str) -> Option<&Value> {
        let named = self.attributes.iter().find(|(key, _)| **key == *name);
        named.map(|(_, value)| value)
    }

    fn in_segment(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| **segment == *name)
    }

    fn segments(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.segments.iter().map(|name| &**name).collect();
        names.sort_unstable();
        names
    }

    fn tier(&self) -> Option<&str> {
        let first = self.programme.tiers.first()?;
        Some(&first.levels[self.level(0)].id)
    }
}
