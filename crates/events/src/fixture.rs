//! A programme to read events against.

use programme::model::{
    AttributeType, BuiltIn, EventType, EventTypes, LateEvents, Programme, Stacking, StackingHow,
    Version, Weights,
};

/// Every built-in type that tests need, `article_read` with an attribute of each kind, pounds, and a rate for euros.
pub(crate) fn programme() -> Programme {
    let built_in = |name: &str, built_in| EventType {
        name: name.into(),
        built_in: Some(built_in),
        attributes: Vec::new(),
        personal: Vec::new(),
    };
    let event_types = EventTypes::new(vec![
        built_in("bet_placed", BuiltIn::BetPlaced),
        built_in("bet_settled", BuiltIn::BetSettled),
        built_in("bet_rolled_back", BuiltIn::BetRolledBack),
        built_in("player_restricted", BuiltIn::PlayerRestricted),
        built_in("points_spent", BuiltIn::PointsSpent),
        built_in("points_adjusted", BuiltIn::PointsAdjusted),
        built_in("points_held", BuiltIn::PointsHeld),
        built_in("hold_released", BuiltIn::HoldReleased),
        built_in("grant_updated", BuiltIn::GrantUpdated),
        built_in("deposit", BuiltIn::Deposit),
        built_in("order", BuiltIn::Order),
        built_in("order_refunded", BuiltIn::OrderRefunded),
        built_in("order_cancelled", BuiltIn::OrderCancelled),
        built_in("registered", BuiltIn::Registered),
        built_in("profile_changed", BuiltIn::ProfileChanged),
        EventType {
            name: "article_read".into(),
            built_in: None,
            attributes: vec![
                ("section".into(), AttributeType::Text),
                ("minutes".into(), AttributeType::Int),
                ("share".into(), AttributeType::Decimal),
                ("paid".into(), AttributeType::Bool),
            ],
            personal: Vec::new(),
        },
    ]);
    let types = event_types.iter().len();
    Programme {
        id: "p".into(),
        brand: "acme".parse().unwrap(),
        version: Version("0".repeat(32).into()),
        timezone: jiff::tz::TimeZone::UTC,
        currency: "GBP".parse().unwrap(),
        conversion: vec![("EUR".parse().unwrap(), "0.86".parse().unwrap())],
        lateness_ns: 0,
        late_events: LateEvents::CountNow,
        rules_by_type: vec![Vec::new(); types],
        missions_by_type: vec![Vec::new(); types],
        event_types,
        points: Vec::new(),
        weights: Weights::default(),
        rules: Vec::new(),
        boosts: Vec::new(),
        stacking: Stacking {
            how: StackingHow::Highest,
            ceiling: None,
        },
        missions: Vec::new(),
        tiers: Vec::new(),
        rewards: Vec::new(),
        earlier: Vec::new(),
        source: "".into(),
        used: programme::model::UsedIds::default(),
        kept: programme::model::Kept::default(),
    }
}
