//! The list of what is attacked.

use crate::{events_in, layout, predicate, stored, world};

/// An input from outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also of its binary in `fuzz/`.
    pub name: &'static str,
    /// Takes any bytes; whether they were an input of its kind.
    pub run: fn(&[u8]) -> bool,
    /// Inputs that are valid.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Words of its language.
    pub words: &'static [&'static str],
    /// Hostile inputs that `make test` gives it.
    pub cases: u64,
    /// Bytes of memory it may hold at once, however short the input,
    pub memory: u64,
    /// and as many more for each byte of it.
    pub memory_per_byte: u64,
    /// Allocations it may make, for each byte of input, beside 50,000.
    pub steps_per_byte: u64,
}

const MIB: u64 = 1 << 20;
const JSON: &[&str] = &[
    "\"id\":",
    "\"events\":[",
    "\"attributes\":{",
    "\"amount\":",
    "null",
    "true",
    "\\u0000",
    "\\ud800",
    "\\",
    "\u{feff}",
    "NaN",
    "-0",
    "\"order\"",
    "\"bet_placed\"",
    "\"specversion\":\"1.0\"",
    "\"data\":",
    "\n",
    "9999-12-31T23:59:59Z",
    "\u{202e}",
];
const YAML: &[&str] = &[
    "*a",
    "&a ",
    "<<: ",
    "!!binary ",
    "|\n",
    ">-\n",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "~",
    "\t",
    "goal: ",
    "all: [",
    "window: ",
    "count: order",
    "target: 99999999999999999999",
    "points: ",
    "id: ",
    "when: ",
    "after: [",
    "streak: ",
    "rolling: 30d",
    "per: \"0\"",
    "{constant: ",
    "time_format: \"%",
    "-1",
    "100%",
];
const LAYOUT: &[&str] = &[
    "# c\n", " # c", "\n\n\n", "  ", "{", "}", "[", "]", ", ", ": ", "- ", "'", "\"", "\t", "\r\n",
    "|\n", "? ", "&a ", "*a", "---\n", "\u{feff}", "\u{85}", "\u{2028}", "was: ", "id: ",
];
const CEL: &[&str] = &[
    "event",
    ".",
    "amount",
    "attributes",
    "player",
    "segments",
    "tier",
    "has(",
    ")",
    "[",
    "]",
    "&&",
    "||",
    "==",
    "<=",
    " in ",
    "!",
    "-",
    "+",
    "*",
    "/",
    "size(",
    ".matches('",
    "(a*)*b",
    ".getHours()",
    "\"\\u00e9\"",
    "r'",
    "'''",
    "1e9",
    "0.000000000001",
    "// ",
    "?:",
];
const NONE: &[&str] = &[];

/// What holds of most of them.
const fn plain(name: &'static str, run: fn(&[u8]) -> bool, corpus: fn() -> Vec<Vec<u8>>) -> Target {
    Target {
        name,
        run,
        corpus,
        words: NONE,
        cases: 20_000,
        memory: MIB,
        memory_per_byte: 10,
        steps_per_byte: 20,
    }
}

/// Everything that is attacked.
pub const TARGETS: &[Target] = &[
    Target {
        words: YAML,
        cases: 5_000,
        memory: 4 * MIB,
        memory_per_byte: 50,
        ..plain(
            "programme_text",
            predicate::programme_text,
            world::programme_texts,
        )
    },
    Target {
        words: LAYOUT,
        cases: 3_000,
        memory: 8 * MIB,
        memory_per_byte: 1_000,
        steps_per_byte: 400,
        ..plain("programme_layout", layout::layout, layout::texts)
    },
    Target {
        words: CEL,
        cases: 15_000,
        memory: 4 * MIB,
        memory_per_byte: 50,
        ..plain("predicate", predicate::predicate, predicate::texts)
    },
    Target {
        words: JSON,
        ..plain("event_json", events_in::json, events_in::bodies)
    },
    plain("event_protobuf", events_in::protobuf, events_in::messages),
    plain("log_record", events_in::record, events_in::records),
    plain("snapshot", stored::snapshot, stored::snapshots),
    plain("journal_segment", stored::segment, stored::segments),
    plain("head", stored::head, engine::fuzz::heads),
    plain("outbox_row", stored::outbox_row, engine::fuzz::outbox_rows),
    Target {
        words: &["QLF1"],
        cases: 10_000,
        ..plain("log_frames", embedded::fuzz::frames, embedded::fuzz::logs)
    },
    plain(
        "state_rows",
        embedded::fuzz::rows,
        embedded::fuzz::stored_rows,
    ),
    Target {
        words: YAML,
        cases: 15_000,
        memory: 8 * MIB,
        memory_per_byte: 50,
        ..plain(
            "mapping",
            questline::fuzz::mapping,
            questline::fuzz::mappings,
        )
    },
    Target {
        words: &[
            ",",
            "\"",
            "\"\"",
            "\r\n",
            "\n\n",
            "\u{feff}",
            "-",
            "2011-03-27T01:30:00",
            ";",
        ],
        cases: 10_000,
        memory: 4 * MIB,
        memory_per_byte: 50,
        ..plain(
            "mapped_rows",
            questline::fuzz::mapped_rows,
            questline::fuzz::files,
        )
    },
];

/// Gives bytes to the target of this name; whether it took them.
///
/// # Panics
/// Where there is none, and where the bytes break it.
pub fn run(name: &str, bytes: &[u8]) -> bool {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(bytes)
}
