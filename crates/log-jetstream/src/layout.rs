//! Which stream and subject a partition has. Fixed for ever.

use types::Partition;

/// Names of the log's streams and subjects.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) prefix: String,
    pub(crate) partitions: u16,
    pub(crate) streams: u16,
}

impl Layout {
    /// The stream that says which log this is.
    pub(crate) fn control_stream(&self) -> String {
        format!("{}-control", self.prefix)
    }

    /// The one subject of the control stream.
    pub(crate) fn control_subject(&self) -> String {
        format!("{}.control", self.prefix)
    }

    /// A stream of the log, counted from 0.
    pub(crate) fn stream(&self, number: u16) -> String {
        format!("{}-log-{number:02}", self.prefix)
    }

    /// The stream of a partition.
    pub(crate) fn stream_of(&self, partition: Partition) -> String {
        self.stream(partition.0 / self.each())
    }

    /// Where a partition's batches are published.
    pub(crate) fn subject(&self, partition: Partition) -> String {
        format!("{}.log.{partition}", self.prefix)
    }

    /// Where a partition's retention floor stands, in the same stream as its batches.
    pub(crate) fn floor_subject(&self, partition: Partition) -> String {
        format!("{}.floor.{partition}", self.prefix)
    }

    /// The bucket that the log's nodes share.
    pub(crate) fn nodes_bucket(&self) -> String {
        format!("{}-nodes", self.prefix)
    }

    /// Where a node's heartbeats are published.
    pub(crate) fn beat_subject(&self, name: &str) -> String {
        format!("{}.beat.{name}", self.prefix)
    }

    /// Everything that a stream takes.
    pub(crate) fn subjects(&self, number: u16) -> Vec<String> {
        let each = self.each();
        let partitions = || (number * each..(number + 1) * each).map(Partition);
        partitions()
            .map(|partition| self.subject(partition))
            .chain(partitions().map(|partition| self.floor_subject(partition)))
            .collect()
    }

    fn each(&self) -> u16 {
        self.partitions / self.streams
    }
}

#[cfg(test)]
mod tests {
    use types::Partition;

    use super::Layout;

    #[test]
    fn every_partition_lies_in_one_stream() {
        let layout = Layout {
            prefix: "q".into(),
            partitions: 64,
            streams: 16,
        };
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..16 {
            let subjects = layout.subjects(number);
            assert_eq!(subjects.len(), 8);
            for subject in subjects {
                assert!(seen.insert(subject.clone()), "{subject} twice");
            }
        }
        for partition in (0..64).map(Partition) {
            assert!(seen.contains(&layout.subject(partition)));
            let number = partition.0 / 4;
            assert_eq!(layout.stream_of(partition), format!("q-log-{number:02}"));
            assert!(layout.subjects(number).contains(&layout.subject(partition)));
        }
    }
}
