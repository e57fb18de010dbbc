//! One player's emissions against what they had to be.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// An emission that has to come, in the order in which it has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its id.
    pub id: u128,
    /// Its body.
    pub body: Vec<u8>,
}

/// Something that is not as it had to be, with the bodies as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It did not come.
    Lost(String),
    /// It came again.
    Doubled(String),
    /// It came after one that it had to come before.
    Reordered(String),
    /// It had to say the first and said the second.
    Wrong(String, String),
    /// Nothing accounts for it.
    Unexpected(String),
}

/// Compares what came, in order, with what had to. Of `expected` the first `sure` have to come; the others fell due so late that they may.
/// Unless `exact`, times of recording are left out: they are the log's, and nobody else knows them.
pub fn compare(
    expected: &[Expected],
    sure: usize,
    came: &[(u128, Vec<u8>)],
    exact: bool,
) -> Vec<Judged> {
    let places: HashMap<u128, usize> = expected
        .iter()
        .enumerate()
        .map(|(place, expected)| (expected.id, place))
        .collect();
    let (mut judged, mut seen, mut furthest) = (Vec::new(), HashSet::new(), None);
    for (id, body) in came {
        if !seen.insert(*id) {
            judged.push(Judged::Doubled(text(body)));
            continue;
        }
        let Some(&place) = places.get(id) else {
            judged.push(Judged::Unexpected(text(body)));
            continue;
        };
        if furthest.is_some_and(|furthest| place < furthest) {
            judged.push(Judged::Reordered(text(body)));
        }
        furthest = furthest.max(Some(place));
        if !same(&expected[place].body, body, exact) {
            judged.push(Judged::Wrong(text(&expected[place].body), text(body)));
        }
    }
    let lost = expected[..sure]
        .iter()
        .filter(|one| !seen.contains(&one.id));
    judged.extend(lost.map(|one| Judged::Lost(text(&one.body))));
    judged
}

fn same(one: &[u8], other: &[u8], exact: bool) -> bool {
    if exact || one == other {
        return one == other;
    }
    match (timeless(one), timeless(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

fn timeless(body: &[u8]) -> Option<Value> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    body.as_object_mut()?.remove("at")?;
    if let Some(cause) = body.get_mut("cause").and_then(Value::as_object_mut) {
        cause.remove("due");
    }
    Some(body)
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Expected, Judged, compare};

    fn body(id: u128, at: &str) -> Vec<u8> {
        format!(r#"{{"id":"{id}","mission":"m","cause":{{"event":"s/{id}"}},"at":"{at}"}}"#)
            .into_bytes()
    }

    fn came(ids: &[u128]) -> Vec<(u128, Vec<u8>)> {
        ids.iter().map(|id| (*id, body(*id, "later"))).collect()
    }

    fn kinds(judged: &[Judged]) -> String {
        let letter = |judged: &Judged| match judged {
            Judged::Lost(_) => 'L',
            Judged::Doubled(_) => 'D',
            Judged::Reordered(_) => 'R',
            Judged::Wrong(..) => 'W',
            Judged::Unexpected(_) => 'U',
        };
        judged.iter().map(letter).collect()
    }

    #[test]
    fn a_receiver_that_loses_doubles_reorders_or_invents_is_found() {
        let expected: Vec<_> = (1..=4)
            .map(|id| Expected {
                id,
                body: body(id, "then"),
            })
            .collect();
        // Of four the last may come or not.
        let table: [(&[u128], &str); 8] = [
            (&[1, 2, 3, 4], ""),
            (&[1, 2, 3], ""),
            (&[1, 3], "L"),
            (&[], "LLL"),
            (&[1, 2, 2, 3], "D"),
            (&[2, 1, 3], "R"),
            (&[3, 1, 2], "RR"),
            (&[1, 2, 3, 9], "U"),
        ];
        for (ids, found) in table {
            assert_eq!(
                kinds(&compare(&expected, 3, &came(ids), false)),
                found,
                "{ids:?}"
            );
        }
    }

    #[test]
    fn one_that_says_something_else_is_wrong_and_the_time_counts_where_it_is_known() {
        let expected = [Expected {
            id: 1,
            body: body(1, "then"),
        }];
        let altered = String::from_utf8(body(1, "then"))
            .unwrap()
            .replace("\"m\"", "\"n\"");
        let altered = vec![(1, altered.into_bytes())];
        let broken = vec![(1, b"{".to_vec())];
        let table = [
            (came(&[1]), false, ""),
            (came(&[1]), true, "W"),
            (vec![(1, body(1, "then"))], true, ""),
            (altered, false, "W"),
            (broken, false, "W"),
        ];
        for (came, exact, found) in table {
            assert_eq!(
                kinds(&compare(&expected, 1, &came, exact)),
                found,
                "{exact} {came:?}"
            );
        }
    }
}
