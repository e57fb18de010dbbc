//! One event in from JSON, out to the log, in from the log. `cargo bench -p events`.

use bytes::Bytes;
use divan::{Bencher, black_box};
use events::{Context, parse_json, record};
use programme::Programme;
use types::{Position, SourceId, Timestamp};

const ORDER: &[u8] = br#"{"id":"536365","source":"shop","type":"order","player":"17850","occurred_at":"2010-12-01T08:26:00Z","amount":"139.12","currency":"GBP","attributes":{"country":"United Kingdom","items":40}}"#;

fn main() {
    divan::main();
}

fn setup() -> (Programme, SourceId) {
    let programme = programme::compile(
        "bench.yaml",
        "programme: p\nbrand: acme\ncurrency: GBP\npoints: {xp: {kind: status}}\n",
    );
    match (programme, SourceId::new("shop")) {
        (Ok(programme), Ok(source)) => (programme, source),
        _ => panic!("the bench's own programme and source are valid"),
    }
}

fn encoded() -> Bytes {
    let (programme, source) = setup();
    match parse_json(ORDER, &Context::file(&programme, &source)) {
        Ok(incoming) => record::encode(&programme.brand, Timestamp::MIN, &incoming.event, None),
        Err(rejection) => panic!("{rejection}"),
    }
}

#[divan::bench]
fn json(bencher: Bencher<'_, '_>) {
    let (programme, source) = setup();
    let context = Context::file(&programme, &source);
    bencher.bench(|| parse_json(black_box(ORDER), &context));
}

#[divan::bench]
fn json_to_log(bencher: Bencher<'_, '_>) {
    let (programme, source) = setup();
    let context = Context::file(&programme, &source);
    bencher.bench(|| {
        let incoming = parse_json(black_box(ORDER), &context);
        incoming
            .map(|incoming| record::encode(&programme.brand, Timestamp::MIN, &incoming.event, None))
    });
}

#[divan::bench]
fn log_to_record(bencher: Bencher<'_, '_>) {
    let bytes = encoded();
    bencher.bench(|| record::decode(Position::START, Timestamp::MIN, black_box(&bytes)));
}
