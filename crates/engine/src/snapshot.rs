//! What stands around a player's state in its snapshot row: the epoch that wrote it, and the publication that it is folded under.

use bytes::Bytes;
use ports::{Entity, Key};
use progression::State;
use types::{Attributes, Epoch};

use crate::codec::{Fields, Put};
use crate::logic::{self, Rules};
use crate::timeline::FIRST;

const VERSION: u8 = 2;
/// The same, with the player's attributes apart from the state, and sealed.
const WITH_SEALED: u8 = 3;
/// Ahead of one of the others: folded under a logic version behind the first.
const UNDER_LOGIC: u8 = 4;
/// Before there were publications: all are of the first.
const UNNUMBERED: u8 = 1;

/// Wraps an encoded state.
pub(crate) fn wrap(epoch: Epoch, rules: Rules, encode: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::new();
    begin(&mut out, VERSION, epoch, rules);
    encode(&mut out);
    out.into()
}

fn begin(out: &mut Vec<u8>, version: u8, epoch: Epoch, rules: Rules) {
    if rules.logic > logic::FIRST {
        out.push(UNDER_LOGIC);
        out.put_u32(rules.logic);
    }
    out.push(version);
    out.put_u64(epoch.0);
    out.put_u64(rules.number);
}

/// Wraps a player's state; with a key, what is known of who the player is stands sealed beside it. The state is as before afterwards.
pub(crate) fn of_player(
    epoch: Epoch,
    rules: Rules,
    entity: &Entity,
    state: &mut State,
    key: Option<&Key>,
) -> Bytes {
    let sealed = key.filter(|_| !state.attributes().is_empty());
    let sealed = sealed.and_then(|key| {
        let text = events::attribute_bytes(state.attributes());
        people::seal(key, &purpose(entity), &text)
    });
    let Some(sealed) = sealed else {
        return wrap(epoch, rules, |out| state.encode(out));
    };
    let mut out = Vec::new();
    begin(&mut out, WITH_SEALED, epoch, rules);
    out.put_bytes(&sealed);
    let attributes = state.set_attributes(Attributes::new());
    state.encode(&mut out);
    state.set_attributes(attributes);
    out.into()
}

/// What is sealed of a player's snapshot; `None` where the key does not open it.
pub(crate) fn attributes(key: &Key, entity: &Entity, sealed: &[u8]) -> Option<Attributes> {
    let text = people::open(key, &purpose(entity), sealed)?;
    events::attributes_of(&text)
}

fn purpose(entity: &Entity) -> [&[u8]; 3] {
    [
        b"snapshot",
        entity.brand.as_str().as_bytes(),
        entity.player.as_str().as_bytes(),
    ]
}

/// What a snapshot row holds.
#[derive(Clone, Copy, Debug)]
pub struct Wrapped<'a> {
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// The publication that the state is folded under.
    pub number: u64,
    /// The logic version that the state is folded under.
    pub logic: u32,
    /// The player's attributes, sealed; empty where the state has them, or there are none.
    pub sealed: &'a [u8],
    /// The core's record.
    pub state: &'a [u8],
}

/// What a snapshot row holds; `None` for what this version did not write.
pub fn unwrap(bytes: &[u8]) -> Option<Wrapped<'_>> {
    let mut fields = Fields(bytes);
    let (version, logic) = match fields.u8()? {
        UNDER_LOGIC => {
            let logic = fields.u32()?;
            (fields.u8()?, logic)
        }
        version => (version, logic::FIRST),
    };
    let epoch = Epoch(fields.u64()?);
    let number = match version {
        VERSION | WITH_SEALED => fields.u64()?,
        UNNUMBERED => FIRST,
        _ => return None,
    };
    let sealed = match version {
        WITH_SEALED => fields.bytes()?,
        _ => &[],
    };
    Some(Wrapped {
        epoch,
        number,
        logic,
        sealed,
        state: fields.0,
    })
}
