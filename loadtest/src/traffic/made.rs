//! One event, and how it is written: as JSON, and as protobuf with the same meaning.

use std::fmt::Write as _;

use proto::event::v1 as wire;

const COUNTRIES: [&str; 6] = [
    "United Kingdom",
    "Germany",
    "France",
    "Spain",
    "Norway",
    "Portugal",
];
const CATEGORIES: [&str; 8] = [
    "toys", "garden", "kitchen", "books", "music", "sport", "paper", "gifts",
];
const GAMES: [&str; 6] = [
    "roulette",
    "blackjack",
    "starburst",
    "football",
    "tennis",
    "baccarat",
];
const RESULTS: [&str; 4] = ["lost", "won", "lost", "void"];

/// Names an event within its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Counted from 0.
    pub number: u64,
    /// When it was due, in microseconds from the start of the run. It stands in the id, so that whoever sees the id alone knows how late
    /// it is.
    pub due_us: u64,
}

impl Key {
    /// The key that an event's id says; `None` for an id of others.
    pub fn of_id(id: &str) -> Option<Self> {
        let mut parts = id.rsplitn(3, '-');
        let (number, due) = (parts.next()?, parts.next()?);
        parts.next()?;
        Some(Self {
            number: u64::from_str_radix(number, 16).ok()?,
            due_us: u64::from_str_radix(due, 16).ok()?,
        })
    }
}

/// How a stream names its events and players.
#[derive(Clone, Debug)]
pub struct Naming {
    events: String,
    players: String,
    source: Option<String>,
}

impl Naming {
    /// Ids and players begin with these; no source: the key's.
    pub fn new(events: &str, players: &str, source: Option<&str>) -> Self {
        Self {
            events: events.to_owned(),
            players: players.to_owned(),
            source: source.map(str::to_owned),
        }
    }

    /// The id of an event.
    pub fn id(&self, key: Key) -> String {
        format!("{}-{:x}-{:x}", self.events, key.due_us, key.number)
    }

    /// A player's name.
    pub fn player(&self, player: u32) -> String {
        format!("{}{player:07}", self.players)
    }
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub key: Key,
    /// Whose it is.
    pub player: u32,
    /// What was done.
    pub what: What,
}

/// What was done. Amounts are in pence; `flavour` picks the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the event types and their fields")]
pub enum What {
    SessionStarted { flavour: u32 },
    Deposit { pence: u32 },
    Order { pence: u32, flavour: u32 },
    OrderRefunded { of: Key, pence: u32 },
    OrderCancelled { of: Key },
    BetPlaced { pence: u32, flavour: u32 },
    BetSettled { of: Key, pence: u32, flavour: u32 },
    BetRolledBack { of: Key },
}

type Attributes = [Option<(&'static str, &'static str)>; 2];

impl What {
    fn kind(self) -> &'static str {
        match self {
            Self::SessionStarted { .. } => "session_started",
            Self::Deposit { .. } => "deposit",
            Self::Order { .. } => "order",
            Self::OrderRefunded { .. } => "order_refunded",
            Self::OrderCancelled { .. } => "order_cancelled",
            Self::BetPlaced { .. } => "bet_placed",
            Self::BetSettled { .. } => "bet_settled",
            Self::BetRolledBack { .. } => "bet_rolled_back",
        }
    }

    /// Pence that the event names.
    fn pence(self) -> Option<u32> {
        match self {
            Self::Deposit { pence }
            | Self::Order { pence, .. }
            | Self::OrderRefunded { pence, .. }
            | Self::BetPlaced { pence, .. } => Some(pence),
            // What was won: twice the stake; a lost bet pays nothing.
            Self::BetSettled { pence, flavour, .. } => {
                let won = pick(&RESULTS, flavour) == "won";
                Some(if won { pence * 2 } else { 0 })
            }
            _ => None,
        }
    }

    fn refers_to(self) -> Option<Key> {
        match self {
            Self::OrderRefunded { of, .. }
            | Self::OrderCancelled { of }
            | Self::BetSettled { of, .. }
            | Self::BetRolledBack { of } => Some(of),
            _ => None,
        }
    }

    fn attributes(self) -> Attributes {
        match self {
            Self::SessionStarted { flavour } => [country(flavour), None],
            Self::Order { flavour, .. } => [
                country(flavour),
                Some(("category", pick(&CATEGORIES, flavour / 7))),
            ],
            Self::BetPlaced { flavour, .. } => [
                Some(("game", pick(&GAMES, flavour))),
                Some(("category", pick(&CATEGORIES, flavour / 7))),
            ],
            Self::BetSettled { flavour, .. } => [Some(("result", pick(&RESULTS, flavour))), None],
            _ => [None, None],
        }
    }
}

fn country(flavour: u32) -> Option<(&'static str, &'static str)> {
    Some(("country", pick(&COUNTRIES, flavour)))
}

fn pick<const N: usize>(of: &[&'static str; N], flavour: u32) -> &'static str {
    of[flavour as usize % N]
}

fn pounds(pence: u32) -> String {
    format!("{}.{:02}", pence / 100, pence % 100)
}

impl Made {
    /// Its JSON; it occurs at a time in RFC 3339. No name in it needs escaping.
    pub fn write_json(&self, out: &mut String, naming: &Naming, occurred_at: &str) {
        let (Key { number, due_us }, player, what) = (self.key, self.player, self.what);
        let kind = what.kind();
        // Writing to a string does not fail; the same below.
        let mut write =
            |arguments: std::fmt::Arguments<'_>| out.write_fmt(arguments).unwrap_or_default();
        write(format_args!(
            "{{\"id\":\"{}-{due_us:x}-{number:x}\",\"type\":\"{kind}\",\"player\":\"{}{player:07}\",\"occurred_at\":\"{occurred_at}\"",
            naming.events, naming.players
        ));
        if let Some(source) = &naming.source {
            write(format_args!(",\"source\":\"{source}\""));
        }
        if let Some(pence) = what.pence() {
            let (pounds, pence) = (pence / 100, pence % 100);
            write(format_args!(
                ",\"amount\":\"{pounds}.{pence:02}\",\"currency\":\"GBP\""
            ));
        }
        if let Some(Key { number, due_us }) = what.refers_to() {
            write(format_args!(
                ",\"refers_to\":\"{}-{due_us:x}-{number:x}\"",
                naming.events
            ));
        }
        let mut before = ",\"attributes\":{";
        for (name, value) in what.attributes().into_iter().flatten() {
            write(format_args!("{before}\"{name}\":\"{value}\""));
            before = ",";
        }
        write(format_args!("{}", if before == "," { "}}" } else { "}" }));
    }

    /// The same as a message.
    pub fn to_proto(&self, naming: &Naming, occurred_at: prost_types::Timestamp) -> wire::Event {
        let pence = self.what.pence();
        let text = |value: &str| wire::Value {
            kind: Some(wire::value::Kind::TextValue(value.to_owned())),
        };
        let attributes = self.what.attributes().into_iter().flatten();
        wire::Event {
            id: naming.id(self.key),
            source: naming.source.clone().unwrap_or_default(),
            r#type: self.what.kind().to_owned(),
            player: naming.player(self.player),
            occurred_at: Some(occurred_at),
            amount: pence.map(pounds).unwrap_or_default(),
            currency: pence.map(|_| "GBP".to_owned()).unwrap_or_default(),
            refers_to: self
                .what
                .refers_to()
                .map(|key| naming.id(key))
                .unwrap_or_default(),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), text(value)))
                .collect(),
            ..wire::Event::default()
        }
    }
}

/// The body of one HTTP request.
pub fn body(made: &[Made], naming: &Naming, occurred_at: &str) -> String {
    let mut body = String::with_capacity(made.len() * 260 + 16);
    body.push_str("{\"events\":[");
    for (index, made) in made.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        made.write_json(&mut body, naming, occurred_at);
    }
    body.push_str("]}");
    body
}

#[cfg(test)]
mod tests {
    use events::{Context, from_proto, parse_json};
    use types::SourceId;

    use super::{Key, Naming};
    use crate::population::{Population, Shape};
    use crate::traffic::{Mix, Traffic};

    #[test]
    fn json_and_protobuf_say_the_same_event_and_the_server_takes_it() {
        let programme = programme::compile("p.yaml", crate::end_to_end::PROGRAMME).unwrap();
        let source = SourceId::new("load").unwrap();
        let context = Context::file(&programme, &source);
        let naming = Naming::new("1a.0", "1a.", Some("load"));
        for mix in [Mix::shop(), Mix::igaming(), Mix::plain()] {
            let population = Population::new(20, Shape::Zipf).unwrap();
            let mut traffic = Traffic::new(population, mix, 1).in_sessions(4, 6);
            for due in 0..500 {
                let made = traffic.event(due);
                let mut json = String::new();
                made.write_json(&mut json, &naming, "2026-01-05T10:00:00Z");
                let at = prost_types::Timestamp {
                    seconds: 1_767_607_200,
                    nanos: 0,
                };
                let one = parse_json(json.as_bytes(), &context).unwrap();
                let other = from_proto(&made.to_proto(&naming, at), &context).unwrap();
                assert_eq!(one, other);
                assert_eq!(Key::of_id(one.event.id.as_str()), Some(made.key));
            }
        }
    }

    #[test]
    fn ids_of_others_have_no_key() {
        for id in ["", "order-7", "a-b-x", "1-2"] {
            assert_eq!(Key::of_id(id), None, "{id}");
        }
    }
}
