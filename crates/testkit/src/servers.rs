//! Real servers for tests: on free ports of loopback, in folders of their own, killed by their process id when dropped.

pub mod cassandra;
pub mod nats;
pub mod ports;
pub mod proxy;
