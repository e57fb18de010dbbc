//! The example that the binary carries: a real shop's orders, how they become events, and a programme for them.
//!
//! `examples/online-retail/SOURCE.md` says where the orders come from and under which licence.

use std::io::{Cursor, Read};

use programme::model::Programme;

use crate::exit::Failure;
use crate::feed::{self, Feed};
use crate::mapping::Mapping;

/// The orders, as they lie in the examples.
pub(crate) const ORDERS: &[u8] =
    include_bytes!("../../../../examples/online-retail/online_retail_orders.csv.gz");
/// The programme's text.
pub(crate) const PROGRAMME: &str =
    include_str!("../../../../examples/online-retail/programme.yaml");
/// The mapping's text.
pub(crate) const MAPPING: &str = include_str!("../../../../examples/online-retail/mapping.yaml");

const ORDERS_NAME: &str = "online_retail_orders.csv.gz";

/// The programme.
pub(crate) fn programme() -> Result<Programme, Failure> {
    programme::compile("examples/online-retail/programme.yaml", PROGRAMME).map_err(Failure::failed)
}

/// The mapping.
pub(crate) fn mapping() -> Result<Mapping, Failure> {
    Mapping::read("examples/online-retail/mapping.yaml", MAPPING, false).map_err(Failure::failed)
}

/// The events, by time.
pub(crate) fn events(mapping: &Mapping) -> Result<Feed<'_>, Failure> {
    let text: Box<dyn Read> = feed::unpacked(Box::new(Cursor::new(ORDERS)))?;
    feed::read(ORDERS_NAME, text, Some(mapping))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use events::{Context, parse_json};
    use types::SourceId;

    use super::{events, mapping, programme};
    use crate::feed::Item;

    #[test]
    fn the_shop_s_rows_add_up() {
        let (programme, mapping) = (programme().unwrap(), mapping().unwrap());
        let source = SourceId::new("file").unwrap();
        let context = Context::file(&programme, &source);
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let (mut players, mut rejected, mut last) = (BTreeSet::new(), Vec::new(), None);
        for item in events(&mapping).unwrap() {
            let raw = match item.unwrap() {
                Item::Left(left) => {
                    *counts.entry(left.reason).or_default() += 1;
                    continue;
                }
                Item::Event(raw) => raw,
            };
            let event: serde_json::Value = serde_json::from_slice(&raw.json).unwrap();
            *counts
                .entry(event["type"].as_str().unwrap().to_owned())
                .or_default() += 1;
            match parse_json(&raw.json, &context) {
                Ok(incoming) => {
                    let order = Some((incoming.event.occurred_at, incoming.event.id));
                    assert!(last < order, "by time, then invoice");
                    last = order;
                    players.insert(incoming.event.player);
                }
                Err(rejection) => rejected.push((rejection.id.unwrap(), rejection.code.as_str())),
            }
        }
        let counts: Vec<(&str, u64)> = counts
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        let expected = [
            ("no customer", 3_710),
            ("order", 18_532),
            ("order not above zero", 4),
            ("order_cancelled", 3_654),
        ];
        assert_eq!(counts, expected);
        assert_eq!(players.len(), 4_370);
        let expected =
            ["550193", "561226", "568200", "568375"].map(|id| (id.to_owned(), "too_many_decimals"));
        assert_eq!(rejected, expected);
    }
}
