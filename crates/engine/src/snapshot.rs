//! What stands around a player's state in its snapshot row: the epoch that wrote it, and the publication that it is folded under.

use bytes::Bytes;
use types::Epoch;

use crate::codec::{Fields, Put};
use crate::timeline::FIRST;

const VERSION: u8 = 2;
/// Before there were publications: all are of the first.
const UNNUMBERED: u8 = 1;

/// Wraps an encoded state.
pub(crate) fn wrap(epoch: Epoch, number: u64, encode: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64(epoch.0);
    out.put_u64(number);
    encode(&mut out);
    out.into()
}

/// What a snapshot row holds.
#[derive(Clone, Copy, Debug)]
pub struct Wrapped<'a> {
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// The publication that the state is folded under.
    pub number: u64,
    /// The core's record.
    pub state: &'a [u8],
}

/// What a snapshot row holds; `None` for what this version did not write.
pub fn unwrap(bytes: &[u8]) -> Option<Wrapped<'_>> {
    let mut fields = Fields(bytes);
    let version = fields.u8()?;
    let epoch = Epoch(fields.u64()?);
    let number = match version {
        VERSION => fields.u64()?,
        UNNUMBERED => FIRST,
        _ => return None,
    };
    Some(Wrapped {
        epoch,
        number,
        state: fields.0,
    })
}
