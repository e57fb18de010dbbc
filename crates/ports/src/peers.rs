//! The other nodes, asked directly.

use async_trait::async_trait;
use thiserror::Error;
use types::Partition;

/// What one engine node asks of another, at the address that the other's lease gives.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Has the node read ahead what a takeover of the partition needs, and returns when it has. Harmless at any time, and for as often as
    /// it is asked; what is asked for may be given up.
    async fn warm(&self, address: &str, partition: Partition) -> Result<(), PeerError>;
}

/// Why a node did not do as asked.
#[derive(Debug, Error)]
pub enum PeerError {
    /// It does not answer, or not now. The partition can be handed over without.
    #[error("{0}")]
    Unavailable(String),
}
