//! What marketers write: programmes, and the predicates in them.

use programme::compile_bytes;
use progression::State;
use types::Timestamp;

use crate::world;

/// A programme's text.
pub(crate) fn programme_text(bytes: &[u8]) -> bool {
    match compile_bytes("hostile.yaml", bytes) {
        Ok(programme) => {
            let text = programme.source.to_string();
            let again = compile_bytes("again.yaml", text.as_bytes()).map(|again| again.version);
            assert!(again.is_ok_and(|version| version == programme.version));
            true
        }
        Err(errors) => {
            assert!(errors.count() > 0 && !errors.to_string().is_empty());
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            for one in errors.iter() {
                let there = text.get(one.span.start..one.span.end).is_some() || text.is_empty();
                assert!(one.line >= 1 && one.column >= 1 && there, "{one:?}");
            }
            false
        }
    }
}

/// A predicate, in a programme and over an order.
pub(crate) fn predicate(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let quoted = serde_json::Value::from(text);
    let programme = format!(
        "programme: p\nbrand: b\ncurrency: GBP\npoints: {{xp: {{kind: status}}}}\nearn:\n- {{id: r, on: order, when: {quoted}, give: {{points: xp, fixed: 1}}}}\n"
    );
    match compile_bytes("hostile.yaml", programme.as_bytes()) {
        Ok(programme) => {
            if let Some(order) = world::order(&programme, Timestamp::MIN) {
                world::fold(&programme, &mut State::new(), order);
            }
            true
        }
        Err(errors) => {
            assert!(errors.count() > 0 && !errors.to_string().is_empty());
            false
        }
    }
}

/// Predicates with every construct of the language.
pub(crate) fn texts() -> Vec<Vec<u8>> {
    let texts = [
        "event.amount >= 10.00 && event.currency == 'GBP'",
        "-event.amount * 2 + 0.1 - 3 / 0.25 < 12345678901234567890.000000000001",
        "event.attributes.country in [\"France\", \"United Kingdom\"] || !has(event.attributes.x.y)",
        "'vip' in player.segments && size(player.segments) > 2 || player.segments.size() == 0",
        "event.attributes['country'].startsWith('Un') && event.attributes.a.b.endsWith(\"m\")",
        "event.attributes.country.matches('^[A-Z][a-z]{1,30}(ab|cd)*$') || matches(event.type, 'o.+r')",
        "event.occurred_at.getFullYear() > 2010 && event.occurred_at.getMonth() < 11 && event.occurred_at.getDate() != 1",
        "event.occurred_at.getHours() in [1, 2] && event.occurred_at.getMinutes() == 30 || event.occurred_at.getDayOfWeek() == 0",
        "player.tier == 'gold' || has(player.tier) && player.country != 'x' || 'country' in player.attributes",
        "\"\\u00e9\\n\" == 'é' && r'\\n' != '''a'b''' // a comment\n && true",
        "event.attributes.country.contains('ted') == (1 < 2) && !(false || !true)",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
