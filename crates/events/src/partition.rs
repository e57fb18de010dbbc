//! Which partition a player's events go to.

use types::{BrandId, Partition, PlayerId};
use xxhash_rust::xxh3::Xxh3;

/// The partition of a player: XXH3-64 of `brand U+001F player`, modulo the partitions.
///
/// The log is laid out by it, so it never changes; the test pins it. With no partitions there is none but the first.
pub fn partition_of(brand: &BrandId, player: &PlayerId, partitions: u16) -> Partition {
    let mut hash = Xxh3::new();
    hash.update(brand.as_str().as_bytes());
    hash.update(&[0x1F]);
    hash.update(player.as_str().as_bytes());
    let slot = hash.digest() % u64::from(partitions.max(1));
    // Below a u16 by the modulo.
    Partition(slot as u16)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    #[test]
    fn partitions_are_pinned() {
        let table = [
            ("acme", "17850", 8, 7),
            ("acme", "17850", 64, 23),
            ("acme", "13047", 8, 7),
            ("bold", "17850", 8, 6),
            ("acme", "é/ü 1", 64, 51),
            ("acme", "17850", 1, 0),
        ];
        let got = table.map(|(brand, player, partitions, _)| {
            let player = player.parse().unwrap();
            let partition = partition_of(&brand.parse().unwrap(), &player, partitions);
            (brand, player.to_string(), partitions, partition.0)
        });
        let expected = table
            .map(|(brand, player, partitions, slot)| (brand, player.to_owned(), partitions, slot));
        assert_eq!(got, expected);
    }
}
