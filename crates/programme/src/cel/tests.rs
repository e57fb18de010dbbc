//! What predicates mean, as tables; and that closures agree with a naive reading of the same tree.

mod differential;
mod fixture;
mod naive;
mod refused;

use crate::model::Verdict;
use fixture::{Player, eval, event};

#[test]
fn predicates_say_what_cel_says_over_exact_decimals() {
    let table: &[(&str, bool)] = &[
        ("true", true),
        ("!true", false),
        ("event.type == \"order\"", true),
        ("event.amount >= 10.00", true),
        ("event.amount == 139.12", true),
        ("event.amount == 139.120", true),
        // Exact: with floats 0.1 + 0.2 is not 0.3.
        ("0.1 + 0.2 == 0.3", true),
        (
            "12345678901234567890.000000000001 > 12345678901234567890",
            true,
        ),
        ("event.amount * 2 - 0.24 == 278", true),
        ("event.amount / 100 < 1.4", true),
        (
            "1 / 0.25 == 4 && 5 / 2 == 2.5 && 3 / -8 == -0.375 && 7 / 1 == 7",
            true,
        ),
        ("-event.amount < 0 && - -1 == 1", true),
        (
            "2 + 3 * 4 == 14 && (2 + 3) * 4 == 20 && 10 - 3 - 2 == 5",
            true,
        ),
        ("event.currency == 'GBP'", true),
        ("event.attributes.country != \"Unspecified\"", true),
        ("event.attributes['country'] == 'United Kingdom'", true),
        (
            "event.attributes.country in [\"France\", \"United Kingdom\"]",
            true,
        ),
        ("event.attributes.items in [1, 40.0]", true),
        ("event.attributes.items in []", false),
        // A decimal string compares as a number, with a number and with another decimal string.
        (
            "event.attributes.odds >= 2.5 && event.attributes.odds == 2.50",
            true,
        ),
        ("event.attributes.odds < 10", true),
        ("event.attributes.odds < '10'", true),
        ("event.attributes.odds == '2.500'", true),
        ("'b' > 'a' && 'ab' < 'b'", true),
        ("event.attributes.vip == true", true),
        ("event.attributes.vip", true),
        ("event.attributes.vip == 'true'", false),
        ("event.attributes.address.city == \"Leeds\"", true),
        (
            "has(event.attributes.country) && !has(event.attributes.nothing)",
            true,
        ),
        (
            "has(event.attributes.address.city) && !has(event.attributes.address.street)",
            true,
        ),
        ("has(event.amount) && has(event.currency)", true),
        (
            "'country' in event.attributes && !('nothing' in event.attributes)",
            true,
        ),
        ("'city' in event.attributes.address", true),
        (
            "'b' in event.attributes.lines && !('z' in event.attributes.lines)",
            true,
        ),
        (
            "2 in player.segments && '2.0' in player.segments && !(3 in player.segments)",
            true,
        ),
        (
            "'vip' in player.segments && !('new' in player.segments)",
            true,
        ),
        (
            "size(player.segments) == 3 && player.segments.size() == 3",
            true,
        ),
        (
            "size(event.attributes.lines) == 2 && size('héé') == 3",
            true,
        ),
        (
            "player.country == 'France' && player.attributes.country == player.country",
            true,
        ),
        ("player.tier == 'silver'", true),
        ("event.attributes.country.startsWith('United')", true),
        (
            "event.attributes.country.endsWith('dom') && event.attributes.country.contains('ted')",
            true,
        ),
        ("event.attributes.country.matches('^[A-Z][a-z]+ K')", true),
        ("matches(event.attributes.country, 'K$')", false),
        // 2011-03-27T01:30Z is 02:30 in London, a Sunday, after the clocks went forward.
        (
            "event.occurred_at.getFullYear() == 2011 && event.occurred_at.getMonth() == 2",
            true,
        ),
        (
            "event.occurred_at.getDate() == 27 && event.occurred_at.getDayOfWeek() == 0",
            true,
        ),
        (
            "event.occurred_at.getHours() == 2 && event.occurred_at.getMinutes() == 30",
            true,
        ),
        (
            "\"\\u00e9\" == 'é' && r'\\n' != '\\n' && '''a'b''' == \"a'b\"",
            true,
        ),
        ("1 < 2 // a comment\n && true", true),
    ];
    for (text, expected) in table {
        let expected = if *expected {
            Verdict::True
        } else {
            Verdict::False
        };
        assert_eq!(
            eval(text, &event(), &Player::known()),
            Ok(expected),
            "{text}"
        );
    }
}

#[test]
fn an_error_is_absorbed_or_left_at_the_top() {
    let missing = |name: &str| Verdict::Error(format!("event.attributes.{name} is missing").into());
    let table: &[(&str, Verdict)] = &[
        ("event.attributes.a == 1", missing("a")),
        ("event.attributes.a == 1 || true", Verdict::True),
        ("true || event.attributes.a == 1", Verdict::True),
        ("event.attributes.a == 1 && false", Verdict::False),
        ("false && event.attributes.a == 1", Verdict::False),
        ("event.attributes.a == 1 && true", missing("a")),
        ("event.attributes.a == 1 || false", missing("a")),
        ("event.attributes.a == 1 || event.attributes.b == 1", missing("a")),
        ("event.attributes.a == 1 || event.attributes.b == 1 || 1 == 1", Verdict::True),
        // The error stands: it is not the same as false.
        ("!(event.attributes.a == 1)", missing("a")),
        ("!(event.attributes.a == 1 && false)", Verdict::True),
        ("event.attributes.a in [1]", missing("a")),
        ("1 in [1, event.attributes.a]", missing("a")),
        ("has(event.attributes.a.b)", Verdict::Error("has(event.attributes.a.b) is missing".into())),
        ("event.attributes.country > 1", Verdict::Error("event.attributes.country > 1 compares values that have no order".into())),
        ("event.attributes.country * 2 == 1", Verdict::Error("event.attributes.country is not a number".into())),
        ("event.attributes.items.startsWith('4')", Verdict::Error("event.attributes.items is not a text".into())),
        ("event.attributes.items && true", Verdict::Error("event.attributes.items is not a condition".into())),
        ("1 in event.attributes.items", Verdict::Error("event.attributes.items is neither a list nor a map".into())),
        ("size(event.attributes.items) == 1", Verdict::Error("event.attributes.items has no size".into())),
        (
            "999999999999999999999999999999999999 * 10 > event.amount",
            Verdict::Error("999999999999999999999999999999999999 * 10 has more digits than can be held exactly".into()),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(
            eval(text, &event(), &Player::known()).as_ref(),
            Ok(expected),
            "{text}"
        );
    }
}

#[test]
fn a_player_of_whom_nothing_is_known_has_no_tier_and_no_country() {
    let table = [
        ("has(player.tier) || has(player.country)", Verdict::False),
        (
            "player.tier == 'silver'",
            Verdict::Error("player.tier is missing".into()),
        ),
        ("size(player.segments) == 0", Verdict::True),
        ("'country' in player.attributes", Verdict::False),
    ];
    for (text, expected) in table {
        assert_eq!(
            eval(text, &event(), &Player::default()),
            Ok(expected),
            "{text}"
        );
    }
}
