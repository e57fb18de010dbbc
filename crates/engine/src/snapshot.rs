//! What stands around a player's state in its snapshot row: the epoch that wrote it.

use bytes::Bytes;
use types::Epoch;

use crate::codec::{Fields, Put};

const VERSION: u8 = 1;

/// Wraps an encoded state.
pub(crate) fn wrap(epoch: Epoch, encode: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64(epoch.0);
    encode(&mut out);
    out.into()
}

/// The epoch that wrote it and the state's bytes; `None` for what this version did not write.
pub(crate) fn unwrap(bytes: &[u8]) -> Option<(Epoch, &[u8])> {
    let mut fields = Fields(bytes);
    if fields.u8()? != VERSION {
        return None;
    }
    Some((Epoch(fields.u64()?), fields.0))
}

/// The core's record inside a snapshot row, for tools that read a store without an engine; `None` for what this version did not write.
pub fn state_of(bytes: &[u8]) -> Option<&[u8]> {
    unwrap(bytes).map(|(_, state)| state)
}
