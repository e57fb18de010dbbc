//! The store on a real Cassandra, one server for all of these tests where they do not harm it.

mod contract;
mod durability;
mod fencing;
mod opening;
mod proxy;
mod rows;
mod schema;
mod secured;
mod support;
