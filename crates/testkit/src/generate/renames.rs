//! Versions whose things have other names: each word that is an id becomes another, and the thing says what it was.

/// Kinds of things that may have another name.
pub(super) const KINDS: usize = 6;

/// How often the things of each kind were given another name: missions, rules, tier sets, levels, points, rewards.
pub(super) type Renames = [u32; KINDS];

/// A programme of the few words, its things called what they are called after so many renames.
pub(super) fn renamed(text: &str, renames: &Renames) -> String {
    let mut said = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_word).unwrap_or(rest.len());
        said.push_str(&rest[..end]);
        rest = &rest[end..];
        let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let word;
        (word, rest) = rest.split_at(end);
        let times = kind(word).map_or(0, |kind| renames[kind]);
        if times == 0 || said.ends_with("kind: ") {
            said.push_str(word);
            continue;
        }
        let was = called(word, times - 1);
        said.push_str(&called(word, times));
        if let Some(inner) = rest.strip_prefix(": {") {
            said.push_str(&format!(": {{was: {was}, "));
            rest = inner;
        } else if said
            .strip_suffix(&called(word, times))
            .is_some_and(|before| before.ends_with("id: "))
        {
            said.push_str(&format!(", was: {was}"));
        }
    }
    said
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn called(word: &str, times: u32) -> String {
    match times {
        0 => word.to_owned(),
        times => format!("{word}_{times}"),
    }
}

fn kind(word: &str) -> Option<usize> {
    let named = |letter| {
        let number = word.strip_prefix(letter);
        number.is_some_and(|number| number.len() == 1 && number.parse::<u8>().is_ok())
    };
    let kinds = [
        named('m'),
        named('r'),
        named('t'),
        named('l'),
        matches!(word, "xp" | "coins"),
        matches!(word, "voucher" | "code" | "gift"),
    ];
    kinds.iter().position(|is| *is)
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn each_id_is_another_wherever_it_stands_and_says_what_it_was() {
        let text = "points: {xp: {kind: status}}\nearn: [{id: r0, give: {points: xp}}]\nmissions: [{id: m1, after: [m0], window: 1mo, \
                    when: \"player.tier == 'l1'\"}]\nrewards: [{id: code, kind: code}]";
        let expected = "points: {xp_1: {was: xp, kind: status}}\nearn: [{id: r0, give: {points: xp_1}}]\nmissions: [{id: m1_2, was: m1_1, \
                        after: [m0_2], window: 1mo, when: \"player.tier == 'l1_1'\"}]\nrewards: [{id: code_1, was: code, kind: code}]";
        assert_eq!(renamed(text, &[2, 0, 0, 1, 1, 1]), expected);
    }
}
