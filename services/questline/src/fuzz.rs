//! What an operator's files say as functions over bytes, for `crates/hostile`.

use std::io::Cursor;

use crate::mapping::{Mapped, Mapping};

const MAPPING: &str = include_str!("../../../examples/online-retail/mapping.yaml");
const CSV: &str = "invoice_no,customer_id,kind,invoice_time_local,country,lines,items,total_gbp\n\
1,17850,order,2011-03-27T01:30:00,\"Ireland, Rep.\",7,40,139.12\n\
C2,17850,cancellation,2011-07-01 08:29:00,France,1,1,-27.5\n3,,order,soon,France,many,,0\n";
const LINES: &str = "{\"invoice_no\":1,\"customer_id\":\"a\",\"kind\":\"order\",\"invoice_time_local\":\"2011-03-27T01:30:00\",\"total_gbp\":1.5,\"deep\":{\"a\":[1]}}\n";
/// Rows of a file that are looked at.
const ROWS_MAX: usize = 2_000;

/// A mapping file, run over rows where it makes sense; whether it does.
pub fn mapping(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut any = false;
    for is_toml in [false, true] {
        match Mapping::read("hostile", text, is_toml) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(mapping) => {
                run(&mapping, "rows.csv", CSV.as_bytes());
                run(&mapping, "rows.jsonl", LINES.as_bytes());
                any = true;
            }
        }
    }
    any
}

/// A file of rows under a mapping; whether any became an event.
///
/// # Panics
/// Where the example's mapping is not one, or the rows break it.
pub fn mapped_rows(bytes: &[u8]) -> bool {
    let text = MAPPING.replace("format: csv", "");
    let mapping = Mapping::read("mapping.yaml", &text, false).expect("the example's mapping");
    run(&mapping, "rows.csv", bytes) | run(&mapping, "rows.jsonl", bytes)
}

fn run(mapping: &Mapping, file: &str, rows: &[u8]) -> bool {
    let Ok(rows) = mapping.rows(file, Box::new(Cursor::new(rows.to_vec()))) else {
        return false;
    };
    let mut events = Vec::new();
    for row in rows.take(ROWS_MAX) {
        match row {
            Ok((line, Mapped::Event(event))) => events.push((line, event)),
            Ok((_, Mapped::Skipped(why) | Mapped::Unreadable(why))) => assert!(!why.is_empty()),
            Err(_) => break,
        }
    }
    mapping.sort(&mut events);
    events
        .iter()
        .for_each(|(_, event)| assert!(event.json.starts_with(b"{")));
    !events.is_empty()
}

/// Mappings as operators write them.
pub fn mappings() -> Vec<Vec<u8>> {
    let toml = "format = \"csv\"\ntimezone = \"Europe/London\"\nsort = [\"time\"]\n[fields]\nid = \"invoice_no\"\nplayer = \"customer_id\"\noccurred_at = {from = \"invoice_time_local\", time_format = \"%Y-%m-%dT%H:%M:%S\"}\n[[events]]\ntype = \"order\"\nwhen = {total_gbp = {above = \"0\"}}\nfields = {amount = {from = \"total_gbp\", absolute = true}}\n";
    let paths = "fields: {id: invoice_no, player: customer_id, occurred_at: {from: invoice_time_local, time_format: unix_ms}}\nevents:\n- {type: order, when: {deep.a: {one_of: [x]}}, fields: {attributes: {d: {from: deep.a, as: text}}}}\n";
    [MAPPING, toml, paths]
        .map(|text| text.as_bytes().to_vec())
        .into()
}

/// Files of rows.
pub fn files() -> Vec<Vec<u8>> {
    [CSV, LINES].map(|text| text.as_bytes().to_vec()).into()
}
