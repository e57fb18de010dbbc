//! What a gateway makes of its journal.

use crate::error::Error;
use crate::tables::{Tables, Tx};
use proto::emission::v1::Emission;

/// Folds the journal's records into tables of its own.
///
/// The same records give the same tables: no clock, no randomness. A record may be folded again after a crash, always together
/// with everything after it, and never onto tables that hold its effect already.
pub trait Projection: Send + Sync + Sized + 'static {
    /// Raised when the same records give other tables: they are then folded anew from the journal.
    const VERSION: u32;

    /// Opens its tables.
    fn open(tables: &Tables) -> Result<Self, Error>;

    /// Folds one record.
    fn fold(&self, tx: &mut Tx<'_>, number: u64, record: Record<'_>) -> Result<(), Error>;

    /// Called after what was folded is durable and can be read.
    fn committed(&self) {}
}

/// One record, as a projection sees it.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// An emission, the first time that it came.
    Emission(&'a Emission),
    /// A fact of the gateway's own, as it was noted.
    Note(&'a [u8]),
}
