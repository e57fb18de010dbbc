//! The engine nodes that can be asked: those named, and those that hints name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::cluster::v1::query_service_client::QueryServiceClient;
use thiserror::Error;
use tonic::transport::{Channel, Endpoint};

/// How long connecting to a node may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that answers no ping for so long is broken: it is made anew.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// A page of large journal entries stays below this.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Connections kept to nodes that only hints name; beyond them all are made anew: addresses of nodes that have gone are in the way.
const KEPT: usize = 64;

/// No engine node can be asked at the addresses given.
#[derive(Debug, Error)]
pub enum NoEndpoint {
    /// None is named.
    #[error("no engine node is named: name the cluster address of each in `nodes`")]
    None,
    /// One is no address.
    #[error("{endpoint} is not an address such as http://127.0.0.1:8087")]
    NotAnAddress {
        /// What was given.
        endpoint: String,
    },
}

pub(super) type Client = QueryServiceClient<Channel>;

pub(super) struct Nodes {
    named: Vec<(Box<str>, Client)>,
    hinted: Mutex<HashMap<Arc<str>, Client>>,
}

impl Nodes {
    pub(super) fn new(endpoints: &[String]) -> Result<Self, NoEndpoint> {
        if endpoints.is_empty() {
            return Err(NoEndpoint::None);
        }
        let named = endpoints.iter();
        let named = named.map(|endpoint| Ok((endpoint.as_str().into(), client(endpoint)?)));
        Ok(Self {
            named: named.collect::<Result<_, _>>()?,
            hinted: Mutex::default(),
        })
    }

    pub(super) fn count(&self) -> usize {
        self.named.len()
    }

    /// One of those named.
    pub(super) fn named(&self, number: usize) -> (&str, Client) {
        let (endpoint, client) = &self.named[number % self.named.len()];
        (endpoint, client.clone())
    }

    /// The one at the address that a hint gives; none where that is no address.
    pub(super) fn hinted(&self, address: &Arc<str>) -> Option<Client> {
        if let Some((_, client)) = self.named.iter().find(|(named, _)| **named == **address) {
            return Some(client.clone());
        }
        let mut hinted = self.hinted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = hinted.get(address) {
            return Some(client.clone());
        }
        let client = client(address).ok()?;
        if hinted.len() >= KEPT {
            hinted.clear();
        }
        hinted.insert(Arc::clone(address), client.clone());
        Some(client)
    }
}

fn client(endpoint: &str) -> Result<Client, NoEndpoint> {
    let channel = Endpoint::from_shared(endpoint.to_owned())
        .map_err(|_| NoEndpoint::NotAnAddress {
            endpoint: endpoint.to_owned(),
        })?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .connect_lazy();
    Ok(QueryServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX))
}
