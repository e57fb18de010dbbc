use std::io::Cursor;

use super::{Mapped, Mapping};

const SHOP: &str = "
timezone: Europe/London
skip:
  - {reason: no customer, when: {customer: {empty: true}}}
  - {reason: nothing paid, when: {kind: order, total: {at_most: 0}}}
fields:
  id: invoice
  player: customer
  occurred_at: time
  currency: {constant: GBP}
events:
  - when: {kind: order}
    type: order
    fields: {amount: total, attributes: {country: country, lines: {from: lines, as: number}}}
  - when: {kind: cancellation}
    type: order_cancelled
    fields: {amount: {from: total, absolute: true}}
sort: [time, id]
";

fn rows(mapping: &str, file_name: &str, text: &str) -> Vec<(u64, Mapped)> {
    let mapping = Mapping::read("m.yaml", mapping, false).unwrap();
    let text = Box::new(Cursor::new(text.to_owned()));
    mapping
        .rows(file_name, text)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn lines(mapping: &str, file_name: &str, text: &str) -> Vec<String> {
    rows(mapping, file_name, text)
        .into_iter()
        .map(|(line, mapped)| match mapped {
            Mapped::Event(event) => format!("{line} {}", String::from_utf8(event.json).unwrap()),
            Mapped::Skipped(reason) => format!("{line} skipped: {reason}"),
            Mapped::Unreadable(reason) => format!("{line} unreadable: {reason}"),
        })
        .collect()
}

#[test]
fn a_shop_s_rows_become_events_or_are_left_out_with_the_reason() {
    let csv = "invoice,kind,customer,time,country,lines,total
1,order,17850,2011-07-01T08:26:00,\"Ireland, Rep.\",7,139.12
2,order,,2011-07-01T08:27:00,France,1,5
3,order,17850,2011-07-01T08:28:00,France,1,0.00
C4,cancellation,17850,2011-07-01T08:29:00,France,1,-27.5
A5,adjustment,17850,2011-07-01T08:30:00,France,1,9
6,order,17850,soon,France,1,9
7,order,17850,2011-07-01T08:31:00,France,many,9
";
    let expected = [
        r#"2 {"amount":"139.12","attributes":{"country":"Ireland, Rep.","lines":7},"currency":"GBP","id":"1","occurred_at":"2011-07-01T07:26:00Z","player":"17850","type":"order"}"#,
        "3 skipped: no customer",
        "4 skipped: nothing paid",
        r#"5 {"amount":"27.5","currency":"GBP","id":"C4","occurred_at":"2011-07-01T07:29:00Z","player":"17850","type":"order_cancelled"}"#,
        "6 skipped: no kind of event fits",
        "7 unreadable: occurred_at: time \"soon\": not a date and time",
        "8 unreadable: attributes.lines: \"many\": not a decimal number",
    ];
    assert_eq!(lines(SHOP, "orders.csv", csv), expected);
}

#[test]
fn json_lines_are_read_by_path_and_keep_their_types() {
    let mapping = "
fields: {id: order.id, player: order.customer.id, occurred_at: order.created_at}
events:
  - type: order
    fields:
      amount: order.total
      currency: order.currency
      attributes: {items: order.items, sku: order.items.0.sku, vip: {from: order.vip, as: bool}}
";
    let text = r#"{"order":{"id":450789469,"customer":{"id":207119551},"created_at":"2008-01-10T11:00:00-05:00","total":409.90,"currency":"USD","items":[{"sku":"a"}],"vip":"yes"}}
{"order":{"id":1,"customer":null,"created_at":"2008-01-10T11:00:00-05:00"}}
[1]
{"order":
"#;
    let expected = [
        r#"1 {"amount":"409.90","attributes":{"items":[{"sku":"a"}],"sku":"a","vip":true},"currency":"USD","id":"450789469","occurred_at":"2008-01-10T16:00:00Z","player":"207119551","type":"order"}"#,
        r#"2 {"id":"1","occurred_at":"2008-01-10T16:00:00Z","type":"order"}"#,
        "3 unreadable: not a JSON object",
        "4 unreadable: not a JSON object",
    ];
    assert_eq!(lines(mapping, "orders.jsonl", text), expected);
}

#[test]
fn events_are_ordered_by_time_then_id_and_else_as_in_the_file() {
    let csv = "invoice,kind,customer,time,country,lines,total
3,order,b,2011-07-01T09:00:00,x,1,1
C2,cancellation,a,2011-07-01T08:00:00,x,1,-1
2,order,a,2011-07-01T08:00:00,x,1,1
3,order,a,2011-07-01T09:00:00,x,1,1
";
    let mapping = Mapping::read("m.yaml", SHOP, false).unwrap();
    let mut events: Vec<_> = rows(SHOP, "o.csv", csv)
        .into_iter()
        .filter_map(|(line, mapped)| match mapped {
            Mapped::Event(event) => Some((line, event)),
            _ => None,
        })
        .collect();
    mapping.sort(&mut events);
    let order: Vec<u64> = events.iter().map(|(line, _)| *line).collect();
    assert_eq!(order, [4, 3, 2, 5]);
}

#[test]
fn the_same_mapping_may_be_written_in_toml() {
    let toml = r#"
timezone = "Europe/London"
[fields]
id = "invoice"
player = "customer"
occurred_at = "time"
[[events]]
type = "registered"
when = { kind = "signup", age = { at_least = 18 } }
"#;
    let mapping = Mapping::read("m.toml", toml, true).unwrap();
    let text = Box::new(Cursor::new("invoice;kind".to_owned()));
    let missing = mapping.rows("o.csv", text).err().unwrap().to_string();
    assert!(
        missing.contains("no column `age` in o.csv, which has: invoice;kind"),
        "{missing}"
    );
}

#[test]
fn what_a_mapping_says_wrong_is_said_with_its_place() {
    let table = [
        ("evnts: []", "evnts"),
        ("events: []", "at least one kind of event"),
        (
            "timezone: Europe/Lundon\nevents: [{type: order}]",
            "no zone \"Europe/Lundon\"",
        ),
        ("events: [{type: order}]", "events[0]: no field `id`"),
        (
            "events: [{type: order, when: {kind: {}}}]",
            "events[0].when.kind: one of is",
        ),
        (
            "events: [{type: order, when: {total: {above: lots}}}]",
            "events[0].when.total: not a decimal number",
        ),
        ("events: [{type: order, when: {total: {abov: 1}}}]", "abov"),
        (
            "events: [{type: order, fields: {amount: {from: a, constant: 1}}}]",
            "`from` or `constant`, not both",
        ),
        (
            "events: [{type: order, fields: {id: {from: a, absolute: true}}}]",
            "`absolute` is for numbers",
        ),
        (
            "events: [{type: order, fields: {id: {from: a, as: number}}}]",
            "`as` is for attributes",
        ),
        (
            "events: [{type: order, fields: {attributes: {a: {from: a, time_format: unix}}}}]",
            "add `as: time`",
        ),
        (
            "events: [{type: order, fields: {amount: {from: a, as: float}}}]",
            "float",
        ),
    ];
    for (text, expected) in table {
        let error = Mapping::read("m.yaml", text, false)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("m.yaml: ") && error.contains(expected),
            "{text}: {error}"
        );
    }
}
