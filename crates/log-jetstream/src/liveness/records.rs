//! The bucket's keys and values: `lease.<name>`, `suspect.<process>`, `holder.<partition>`.

use async_nats::jetstream::stream::Config;
use bytes::Bytes;
use ports::{Member, NodeName, OwnerId, Records, Suspicion};
use serde::{Deserialize, Serialize};
use types::Partition;

use crate::layout::Layout;
use crate::settings::Settings;
use crate::streams;

/// The most keys that one request lists.
const KEYS_MAX: u16 = 1_024;
/// Partitions of a log whose nodes can tell one another who holds what: the rest of the keys are leases and suspicions.
pub(super) const PARTITIONS_MAX: u16 = KEYS_MAX - 256;
/// Bytes of the bucket, and of one of its messages.
const BUCKET_BYTES: i64 = 4 << 20;
const MESSAGE_BYTES: i32 = 4 << 10;
/// The longest address of a node.
const ADDRESS_MAX: usize = 256;

/// What every key is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Lease(NodeName),
    Suspect(OwnerId),
    Holder(Partition),
}

impl Key {
    /// The subject of its messages.
    pub(super) fn subject(&self, layout: &Layout) -> String {
        let bucket = layout.nodes_bucket();
        match self {
            Self::Lease(name) => format!("$KV.{bucket}.lease.{name}"),
            Self::Suspect(process) => format!("$KV.{bucket}.suspect.{:032x}", process.0),
            Self::Holder(partition) => format!("$KV.{bucket}.holder.{partition}"),
        }
    }

    pub(super) fn read(layout: &Layout, subject: &str) -> Option<Self> {
        let key = subject
            .strip_prefix("$KV.")?
            .strip_prefix(&layout.nodes_bucket())?
            .strip_prefix('.')?;
        let (kind, of) = key.split_once('.')?;
        Some(match kind {
            "lease" => Self::Lease(of.parse().ok()?),
            "suspect" => Self::Suspect(process(of)?),
            "holder" => Self::Holder(Partition(of.parse().ok()?)),
            _ => return None,
        })
    }
}

/// All keys.
pub(super) fn every_subject(layout: &Layout) -> String {
    format!("$KV.{}.>", layout.nodes_bucket())
}

/// The stream of the bucket, as a tool that knows NATS KV would make it. An entry that ends does so by its own `Nats-TTL`.
pub(super) fn bucket(settings: &Settings, layout: &Layout) -> Config {
    Config {
        max_bytes: BUCKET_BYTES,
        max_message_size: MESSAGE_BYTES,
        max_messages_per_subject: 1,
        allow_direct: true,
        allow_message_ttl: true,
        ..streams::common(
            settings,
            format!("KV_{}", layout.nodes_bucket()),
            vec![every_subject(layout)],
        )
    }
}

/// A process as it stands in keys and values: 32 digits, base 16.
pub(super) fn text(process: OwnerId) -> String {
    format!("{:032x}", process.0)
}

/// The process of a text.
pub(super) fn process(text: &str) -> Option<OwnerId> {
    let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = fits.then(|| u128::from_str_radix(text, 16));
    Some(OwnerId(number?.ok()?))
}

/// A lease's value.
#[derive(Serialize, Deserialize)]
struct Lease {
    process: String,
    draining: bool,
    logic: (u32, u32),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logic_met: Option<u32>,
    address: String,
}

/// A member's value; a member that no node would read back has none.
pub(super) fn encode(member: &Member) -> Result<Bytes, String> {
    if member.address.len() > ADDRESS_MAX {
        return Err(format!(
            "a node's address has at most {ADDRESS_MAX} bytes, not {}",
            member.address.len()
        ));
    }
    let lease = Lease {
        process: text(member.process),
        draining: member.draining,
        logic: (*member.logic.start(), *member.logic.end()),
        logic_met: member.logic_met,
        address: member.address.to_string(),
    };
    serde_json::to_vec(&lease)
        .map(Bytes::from)
        .map_err(|error| error.to_string())
}

/// The member of a value.
pub(super) fn decode(value: &[u8]) -> Option<Member> {
    let lease: Lease = serde_json::from_slice(value).ok()?;
    Some(Member {
        process: process(&lease.process)?,
        draining: lease.draining,
        logic: lease.logic.0..=lease.logic.1,
        logic_met: lease.logic_met,
        address: Some(lease.address)
            .filter(|address| address.len() <= ADDRESS_MAX)?
            .into(),
    })
}

/// The process of a holder's value.
pub(super) fn decode_holder(value: &[u8]) -> Option<OwnerId> {
    process(std::str::from_utf8(value).ok()?)
}

/// Puts one message of the bucket into the records. One without a body is the mark of what was taken back; false where it is not ours.
pub(super) fn collect(
    layout: &Layout,
    records: &mut Records,
    subject: &str,
    sequence: u64,
    value: &[u8],
) -> bool {
    let Some(key) = Key::read(layout, subject) else {
        return false;
    };
    if value.is_empty() {
        return true;
    }
    match key {
        Key::Lease(name) => {
            let member = decode(value).map(|member| records.members.insert(name, member));
            member.is_some()
        }
        Key::Suspect(process) => {
            records.suspicions.push(Suspicion {
                revision: sequence,
                process,
            });
            true
        }
        Key::Holder(partition) => {
            let holder = decode_holder(value).map(|of| records.holders.insert(partition, of));
            holder.is_some()
        }
    }
}

#[cfg(test)]
mod tests {
    use ports::{Member, OwnerId, Records};
    use types::Partition;

    use super::{Key, bucket, collect, encode};
    use crate::layout::Layout;
    use crate::settings::{Settings, Syncing};

    fn layout() -> Layout {
        Layout {
            prefix: "q".into(),
            partitions: 8,
            streams: 1,
        }
    }

    fn member() -> Member {
        Member {
            process: OwnerId(u128::MAX - 1),
            draining: true,
            logic: 2..=5,
            logic_met: Some(3),
            address: "https://engine-0:7443".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let name: ports::NodeName = "engine-0".parse().expect("a name");
        let of = OwnerId(7);
        let entries = [
            (
                Key::Lease(name.clone()),
                encode(&member()).expect("a value"),
            ),
            (Key::Suspect(of), "1".into()),
            (Key::Holder(Partition(3)), super::text(of).into()),
        ];
        let mut records = Records::default();
        for (sequence, (key, value)) in (10..).zip(&entries) {
            let subject = key.subject(&layout());
            assert_eq!(Key::read(&layout(), &subject).as_ref(), Some(key));
            assert!(collect(&layout(), &mut records, &subject, sequence, value));
        }
        assert_eq!(records.members, [(name, member())].into());
        assert_eq!(records.suspicions[0].process, of);
        assert_eq!(records.suspicions[0].revision, 11);
        assert_eq!(records.holders, [(Partition(3), of)].into());
    }

    #[test]
    fn what_is_not_ours_is_left_out() {
        let long = format!("https://{}", "a".repeat(256));
        let address = String::from_utf8(encode(&member()).expect("a value").to_vec());
        let address = address
            .expect("text")
            .replace("https://engine-0:7443", &long);
        let table = [
            ("$KV.q-nodes.lease.a.b", "{}"),
            ("$KV.q-nodes.lease.a", "{}"),
            ("$KV.q-nodes.lease.a", address.as_str()),
            ("$KV.q-nodes.suspect.7", "1"),
            ("$KV.q-nodes.holder.x", "1"),
            ("$KV.q-nodes.holder.1", "+0000000000000000000000000000007"),
            ("$KV.q-nodes.other.1", "1"),
            ("$KV.q-nodesholder.1", "1"),
        ];
        for (subject, value) in table {
            let mut records = Records::default();
            assert!(
                !collect(&layout(), &mut records, subject, 1, value.as_bytes()),
                "{subject} {value}"
            );
            assert_eq!(records, Records::default());
        }
        let too_long = Member {
            address: long.into(),
            ..member()
        };
        assert!(encode(&too_long).is_err());
    }

    #[test]
    fn the_bucket_is_what_tools_for_kv_expect() {
        let settings = Settings::new(vec!["nats://host".into()], "acme", Syncing::Accepted);
        let made = bucket(&settings, &layout());
        assert_eq!(made.name, "KV_q-nodes");
        assert_eq!(made.subjects, ["$KV.q-nodes.>"]);
        assert!(made.allow_rollup && made.allow_direct && made.deny_delete);
    }
}
