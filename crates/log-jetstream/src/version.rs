//! Versions of servers.

use crate::error::OpenError;

/// Since then a replicated stream syncs once for each Raft append, and block compaction does not ignore it.
const NEEDED: [u64; 3] = [2, 15, 1];

/// Refuses a server that is too old, or whose version cannot be read.
pub(crate) fn check(server: &str, version: &str) -> Result<(), OpenError> {
    if parse(version).is_some_and(|version| version >= NEEDED) {
        return Ok(());
    }
    Err(OpenError::TooOld {
        server: server.to_owned(),
        version: version.to_owned(),
        needed: NEEDED.map(|part| part.to_string()).join("."),
    })
}

/// Major, minor, patch. A pre-release comes before its release, so it counts as the patch before.
fn parse(version: &str) -> Option<[u64; 3]> {
    let (numbers, pre_release) = match version.split_once('-') {
        Some((numbers, _)) => (numbers, true),
        None => (version, false),
    };
    let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
    let parsed = [parts.next()??, parts.next()??, parts.next()??];
    match (parts.next(), pre_release) {
        (Some(_), _) => None,
        (None, false) => Some(parsed),
        (None, true) => Some([parsed[0], parsed[1], parsed[2].checked_sub(1)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_server_is_new_enough_or_not() {
        let table = [
            ("2.15.1", true),
            ("2.15.2", true),
            ("2.15.2-beta.1", true),
            ("2.16.0", true),
            ("3.0.0", true),
            ("2.15.1-RC.1", false),
            ("2.15.0", false),
            ("2.9.10", false),
            ("2.15", false),
            ("2.15.1.1", false),
            ("", false),
            ("dev", false),
        ];
        for (version, enough) in table {
            assert_eq!(check("n1", version).is_ok(), enough, "{version}");
        }
    }
}
