//! Ports that nobody listens on.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// So many different free ports of loopback, as addresses. Another process may take one before its server does: start again then.
pub fn free<const N: usize>() -> [SocketAddr; N] {
    // All are held until all are known.
    let held: [TcpListener; N] = std::array::from_fn(|_| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of loopback")
    });
    held.map(|listener| listener.local_addr().expect("a bound address"))
}
