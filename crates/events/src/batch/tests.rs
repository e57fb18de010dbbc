use proptest::prelude::*;

use super::{BatchError, Lines, array, envelope};

fn texts<'a>(items: Vec<&'a [u8]>) -> Vec<std::borrow::Cow<'a, str>> {
    items.into_iter().map(String::from_utf8_lossy).collect()
}

#[test]
fn a_batch_is_cut_into_its_events() {
    let table: &[(&[u8], &[&str])] = &[
        (b"{\"events\":[]}", &[]),
        (
            b" { \"events\" : [ {} , {\"a\":[1,\"]}\\\"\"]} ] } ",
            &["{}", "{\"a\":[1,\"]}\\\"\"]}"],
        ),
        (
            b"{\"events\":[{\"amount\":NaN},oops,{\"id\":\"a\"}]}",
            &["{\"amount\":NaN}", "oops", "{\"id\":\"a\"}"],
        ),
        (
            b"{\"events\":[{\"a\":\"\xff\"},{}]}",
            &["{\"a\":\"\u{fffd}\"}", "{}"],
        ),
    ];
    for (body, expected) in table {
        let got = envelope(body, 10).unwrap().unwrap();
        assert_eq!(texts(got), *expected);
    }
}

#[test]
fn a_single_event_is_no_batch() {
    for body in ["{\"id\":\"a\"}", "", "[]", "x", "{\"event\":[]}"] {
        assert_eq!(envelope(body.as_bytes(), 10), Ok(None), "{body}");
    }
}

#[test]
fn a_broken_frame_is_refused_as_a_whole() {
    for body in [
        "{\"events\"}",
        "{\"events\":}",
        "{\"events\":{}}",
        "{\"events\":[{}",
        "{\"events\":[{}]",
        "{\"events\":[{}]}x",
        "{\"events\":[{},]}",
        "{\"events\":[{}{}],\"x\":1}",
        "{\"events\":[\"",
        "{\"events\":[\"\\",
        "{\"events\":[,]}",
        "{\"events\":null}",
        "{\"events\":[{}],\"events\":[]}",
    ] {
        assert!(
            matches!(envelope(body.as_bytes(), 10), Err(BatchError::Malformed(_))),
            "{body}"
        );
    }
    assert_eq!(
        envelope(b"{\"events\":[1,2,3]}", 2),
        Err(BatchError::TooMany { max: 2 })
    );
    assert_eq!(array(b"[1,2]", 2).map(texts).unwrap(), ["1", "2"]);
}

#[test]
fn lines_are_cut_at_their_ends_and_blank_ones_left_out() {
    let lines = Lines::new(b"{}\r\n\n  \n{\"a\":1}\n[");
    assert_eq!(texts(lines.collect()), ["{}", "{\"a\":1}", "["]);
    assert_eq!(Lines::new(b"\n\n").count(), 0);
}

proptest! {
    #[test]
    fn any_body_is_cut_or_refused(body in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ \nxe".to_vec()), 0..60)) {
        prop_assert!(array(&body, 5).map_or(0, |items| items.len()) <= 5);
        let mut framed = b"{\"events\":[".to_vec();
        framed.extend(&body);
        framed.extend(b"]}");
        let items = envelope(&framed, 5).map(|items| items.map_or(0, |items| items.len()));
        prop_assert!(items.unwrap_or(0) <= 5);
        prop_assert!(Lines::new(&body).all(|line| !line.is_empty()));
    }
}
