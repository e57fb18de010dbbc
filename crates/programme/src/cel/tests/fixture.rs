//! An event, a player, and a predicate evaluated over them.

use types::{Attributes, Event, Value};

use super::super::{Env, predicate};
use crate::diagnostics::Problems;
use crate::model::{BuiltIn, Facts, PlayerFacts, Verdict};
use crate::span::{At, Span};
use crate::syntax::scalars::Cel;

#[derive(Debug, Default)]
pub(super) struct Player {
    pub(super) attributes: Attributes,
    pub(super) segments: Vec<String>,
    pub(super) tier: Option<String>,
}

impl Player {
    pub(super) fn known() -> Self {
        Self {
            attributes: Attributes::from([("country".into(), text("France"))]),
            segments: vec!["2".to_owned(), "early".to_owned(), "vip".to_owned()],
            tier: Some("silver".to_owned()),
        }
    }
}

impl PlayerFacts for Player {
    fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }
    fn in_segment(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| segment == name)
    }
    fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
    fn tier(&self) -> Option<&str> {
        self.tier.as_deref()
    }
}

pub(super) fn text(value: &str) -> Value {
    Value::Text(value.into())
}

pub(super) fn event() -> Event {
    let address = Attributes::from([("city".into(), text("Leeds"))]);
    Event {
        id: "536365".parse().unwrap(),
        source: "shop".parse().unwrap(),
        kind: "order".into(),
        player: "17850".parse().unwrap(),
        occurred_at: "2011-03-27T01:30:00Z".parse().unwrap(),
        amount: Some("139.12".parse().unwrap()),
        currency: Some("GBP".parse().unwrap()),
        refers_to: None,
        rate: None,
        attributes: Attributes::from([
            ("country".into(), text("United Kingdom")),
            ("odds".into(), text("2.50")),
            ("items".into(), Value::Number(40.into())),
            ("vip".into(), Value::Bool(true)),
            ("lines".into(), Value::List(vec![text("a"), text("b")])),
            ("address".into(), Value::Map(address)),
        ]),
        sealed: None,
    }
}

pub(super) fn facts<'a>(event: &'a Event, player: &'a Player) -> Facts<'a> {
    Facts {
        event: Some(event),
        amount: event.amount,
        occurred_at: event.occurred_at,
        player,
    }
}

pub(super) fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Europe/London").unwrap()
}

/// What a predicate about orders says; or what is wrong with it.
pub(super) fn eval(source: &str, event: &Event, player: &Player) -> Result<Verdict, String> {
    let order = BuiltIn::Order.event_type();
    let env = Env {
        event: Some(&order),
        zone: &zone(),
        source,
    };
    let (start, end) = (0, source.len());
    let at = At {
        value: Cel(source.to_owned()),
        span: Span { start, end },
        sound: true,
    };
    let mut problems = Problems::default();
    match predicate(&at, &env, &mut problems) {
        Some(predicate) => Ok(predicate.eval(&facts(event, player))),
        None => Err(problems.finish("predicate", source).to_string()),
    }
}
