//! A few events of one player, which every construct is shown.

use serde_json::{Value, json};

/// On the 3rd of January: orders of 10, 20 and 40 pounds, the last one given back; a bet of 5, a deposit, an article of 6 minutes.
/// On the 5th: 10 euros, and an order of the 3rd that comes late.
pub(crate) fn events() -> String {
    let event = |id: &str, kind: &str, at: &str, amount: Option<(&str, &str)>, more: Value| {
        let mut event = json!({"id": id, "type": kind, "player": "p", "occurred_at": at});
        if let Some((amount, currency)) = amount {
            event["amount"] = amount.into();
            event["currency"] = currency.into();
        }
        for (key, value) in more.as_object().expect("fields") {
            event[key] = value.clone();
        }
        event.to_string() + "\n"
    };
    let gbp = |amount| Some((amount, "GBP"));
    let of = |attributes: Value| json!({ "attributes": attributes });
    let day = |time: &str| format!("2011-01-03T{time}:00Z");
    [
        event("g", "registered", &day("08:00"), None, of(json!({}))),
        event(
            "f",
            "profile_changed",
            &day("08:30"),
            None,
            of(json!({"segments": ["vip"], "attributes": {"country": "UK"}})),
        ),
        event(
            "a",
            "order",
            &day("09:00"),
            gbp("10"),
            of(json!({"items": 3, "country": "UK"})),
        ),
        event(
            "b",
            "order",
            &day("10:00"),
            gbp("20"),
            of(json!({"items": 1, "country": "FR"})),
        ),
        event(
            "c",
            "order",
            &day("11:00"),
            gbp("40"),
            of(json!({"items": 2, "country": "UK"})),
        ),
        event(
            "d",
            "bet_placed",
            &day("12:00"),
            gbp("5"),
            of(json!({"game": "slot", "category": "live", "odds": "2.5"})),
        ),
        event("e", "deposit", &day("13:00"), gbp("50"), of(json!({}))),
        event(
            "h",
            "article_read",
            &day("14:00"),
            None,
            of(json!({"minutes": 6, "section": "news"})),
        ),
        event(
            "x",
            "order_cancelled",
            &day("15:00"),
            None,
            json!({"refers_to": "c"}),
        ),
        event(
            "i",
            "order",
            "2011-01-05T09:00:00Z",
            Some(("10", "EUR")),
            of(json!({"items": 1})),
        ),
        event(
            "j",
            "order",
            &day("16:00"),
            gbp("1"),
            json!({"recorded_at": "2011-01-05T10:00:00Z"}),
        ),
    ]
    .concat()
}
