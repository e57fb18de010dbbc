//! Rendezvous hashing: each partition goes to the node that weighs most for it.

use ports::NodeName;
use types::Partition;
use xxhash_rust::xxh3::Xxh3;

/// The node among `nodes` that weighs most for the partition: whoever comes or goes, only its own partitions move.
pub(super) fn heaviest<'a>(
    partition: Partition,
    nodes: impl Iterator<Item = &'a NodeName>,
) -> Option<&'a NodeName> {
    nodes.max_by_key(|node| (weight(partition, node), *node))
}

/// XXH3-64 of `name U+001F partition`, the partition as two bytes, lower first. Nodes of different builds must agree on it, so it never
/// changes; the test pins it.
fn weight(partition: Partition, node: &NodeName) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(node.as_str().as_bytes());
    hash.update(&[0x1F]);
    hash.update(&partition.0.to_le_bytes());
    hash.digest()
}

#[cfg(test)]
mod tests {
    use ports::NodeName;
    use types::Partition;

    use super::heaviest;

    #[test]
    fn places_are_pinned() {
        let nodes = ["engine-0", "engine-1", "engine-2"]
            .map(|name| name.parse::<NodeName>().expect("a name"));
        let places: String = (0..64)
            .filter_map(|partition| heaviest(Partition(partition), nodes.iter()))
            .filter_map(|node| node.as_str().chars().last())
            .collect();
        assert_eq!(
            places,
            "0000101122210000012210212221202212102200212011221112000221111220"
        );
    }
}
