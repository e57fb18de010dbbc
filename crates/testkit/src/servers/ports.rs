//! Ports that nobody listens on.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Below the ports that the system gives to outgoing connections: one of those may take a server's port while it is down for a moment.
const FIRST: u16 = 10_240;
/// How many there are.
const COUNT: u64 = 22_000;
/// Looks before a test gives up.
const LOOKS_MAX: u64 = 1_000;

/// So many different free ports of loopback, as addresses. Another process may take one before its server does: start again then.
pub fn free<const N: usize>() -> [SocketAddr; N] {
    let random = RandomState::new();
    let mut looks = 0..LOOKS_MAX;
    // All are held until all are known.
    let held: [TcpListener; N] = std::array::from_fn(|_| {
        looks
            .find_map(|look| {
                let port = FIRST + (random.hash_one(look) % COUNT) as u16;
                TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
            })
            .expect("a free port of loopback")
    });
    held.map(|listener| listener.local_addr().expect("a bound address"))
}
