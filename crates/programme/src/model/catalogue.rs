//! Event types: built in, and declared by the programme.

/// Index of an event type in a programme's [`EventTypes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypeIx(pub u16);

/// The types that have a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "named after the event types, whose meaning the programme language defines"
)]
pub enum BuiltIn {
    BetPlaced,
    BetSettled,
    BetRolledBack,
    Deposit,
    Withdrawal,
    Order,
    OrderRefunded,
    OrderCancelled,
    Registered,
    SessionStarted,
    ProfileChanged,
    PlayerRestricted,
    MissionOptedIn,
    MissionClaimed,
    PointsSpent,
    PointsHeld,
    HoldReleased,
    PointsAdjusted,
    GrantUpdated,
}

/// What a declared attribute may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// A string.
    Text,
    /// A whole number (a JSON number or a decimal string without decimals).
    Int,
    /// A decimal (a JSON number or a decimal string).
    Decimal,
    /// `true` or `false`.
    Bool,
}

/// One event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Its name.
    pub name: Box<str>,
    /// Its meaning, where it has one of its own.
    pub built_in: Option<BuiltIn>,
    /// Attributes that are declared: the only ones that a declared type may carry, hints for a built-in one.
    pub attributes: Vec<(Box<str>, AttributeType)>,
    /// Which of them say who the player is: sealed in the log, and read by no rule.
    pub personal: Vec<Box<str>>,
}

impl EventType {
    /// Whether an attribute says who the player is.
    pub fn is_personal(&self, attribute: &str) -> bool {
        self.personal.iter().any(|it| **it == *attribute)
    }
}

/// All event types of a programme.
#[derive(Clone, Debug, Default)]
pub struct EventTypes {
    all: Vec<EventType>,
    /// Sorted by length, then text: most names differ in length, so that a search compares few of them.
    by_name: Vec<(Box<str>, EventTypeIx)>,
}

fn place(name: &str) -> (usize, &str) {
    (name.len(), name)
}

impl EventTypes {
    /// The catalogue of these types; of two with one name the later is found.
    pub fn new(all: Vec<EventType>) -> Self {
        let named = all.iter().zip(0..);
        let mut by_name: Vec<_> = named
            .map(|(event_type, ix)| (event_type.name.clone(), EventTypeIx(ix)))
            .collect();
        // Sorted stably, so that of one name the later stands first and stays.
        by_name.reverse();
        by_name.sort_by(|(one, _), (other, _)| place(one).cmp(&place(other)));
        by_name.dedup_by(|(next, _), (kept, _)| next == kept);
        Self { all, by_name }
    }

    /// The index of the type with this name.
    pub fn find(&self, name: &str) -> Option<EventTypeIx> {
        let of = |(it, _): &(Box<str>, EventTypeIx)| place(it).cmp(&place(name));
        let at = self.by_name.binary_search_by(of).ok()?;
        Some(self.by_name[at].1)
    }

    /// The type at an index of this catalogue.
    pub fn get(&self, ix: EventTypeIx) -> &EventType {
        &self.all[usize::from(ix.0)]
    }

    /// All of them, in index order: the built-in ones first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &EventType> {
        self.all.iter()
    }
}
