//! The nearest right spelling of a wrong word.

/// "did you mean `x`?" for the closest of the known words, where one is close enough.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Comparing is quadratic in the lengths: nothing that long is a slip of the pen.
    if wrong.len() > 80 {
        return None;
    }
    let lower = wrong.to_lowercase();
    let plausible = |word: &&str| {
        let (one, other) = (word.len(), wrong.len());
        one.abs_diff(other) <= 2 + one.max(other) / 4
            || word.starts_with(&lower)
            || lower.starts_with(*word)
    };
    known
        .into_iter()
        .filter(plausible)
        .map(|word| (distance(&lower, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.len().max(wrong.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| format!("did you mean `{word}`?"))
}

fn distance(wrong: &str, right: &str) -> usize {
    let apart = strsim::damerau_levenshtein(wrong, right);
    // `tier` for `tiers`, `bonus_points` for `points`: one contains the other.
    if wrong.len() >= 4 && (right.starts_with(wrong) || wrong.starts_with(right)) {
        return apart.min(2);
    }
    apart
}

/// "one of `a`, `b` or `c`", shortened where there are many.
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 24;
    let words: Vec<_> = words.into_iter().collect();
    let shown: Vec<_> = words
        .iter()
        .take(SHOWN)
        .map(|word| format!("`{word}`"))
        .collect();
    match (words.len(), shown.split_last()) {
        (0, _) | (_, None) => "nothing: there is none".to_owned(),
        (1, Some((only, _))) => only.clone(),
        (count, _) if count > SHOWN => {
            format!("one of {} and {} more", shown.join(", "), count - SHOWN)
        }
        (_, Some((last, rest))) => format!("one of {} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{nearest, one_of};

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let known = ["timezone", "missions", "tiers", "boost_stacking"];
        let table = [
            ("timzone", Some("timezone")),
            ("Timezone", Some("timezone")),
            ("mission", Some("missions")),
            ("boost", Some("boost_stacking")),
            ("colour", None),
        ];
        for (wrong, right) in table {
            let expected = right.map(|word| format!("did you mean `{word}`?"));
            assert_eq!(nearest(wrong, known), expected, "{wrong}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }

    #[test]
    fn choices_read_as_a_sentence() {
        assert_eq!(one_of([]), "nothing: there is none");
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "one of `a`, `b` or `c`");
    }
}
