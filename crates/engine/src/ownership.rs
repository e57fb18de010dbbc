//! Which node owns which partition: what a node sees of the others, and what it decides from that.
//!
//! [`Agent`] is the node at run time. What it decides by is pure: no clock is read, nothing is sent. The caller says what it saw
//! ([`Observation`]) and when, on its own monotonic clock; what comes back are [`Decision`]s to carry out. There is no leader. Nodes that
//! see the same [`View`] decide the same map, and nodes that see different ones may for a while own a partition twice, which is wasteful
//! and never wrong: the only epoch is in the partition's head, and its compare-and-set says who the owner is.
//!
//! Decisions are of the moment. They are decided anew each time until what was seen shows that they are done, so that one lost on the
//! way costs a round and no more; carrying out the same one twice must be harmless.

mod agent;
mod carry;
mod hints;
mod lease;
mod membership;
mod placement;
mod rival;
mod view;

pub use agent::{Agent, AgentError, Settings, Standing};
pub use membership::{Decision, Membership, Observation, Timing};
pub use ports::{Member, NodeName, Suspicion};
pub use view::{Move, View};
