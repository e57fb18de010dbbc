//! A server of its own for a scenario, and how it is reached.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use crate::run::Target;
use crate::scenario::Scenario;
use crate::server::{Server, Setup};

/// The source that its keys speak for.
const SOURCE: &str = "load";

/// Starts a server that runs the scenario's programmes and sends its emissions to `sink`, on files below `folder`.
///
/// `binary` is that of the server; `None`: the one beside this program.
pub async fn start(
    scenario: &Scenario,
    binary: Option<&Path>,
    folder: &Path,
    sink: SocketAddr,
) -> Result<(Server, Target)> {
    let text = &scenario.text;
    let head = format!("clock = \"{}\"\n", text.clock.as_str());
    let types = text.emissions.iter().map(|kind| format!("{kind:?}"));
    let types = types.collect::<Vec<_>>().join(", ");
    let programmes = scenario.programmes.iter();
    let setup = Setup {
        binary,
        programmes: programmes
            .map(|programme| (programme.brand.as_str(), &*programme.source))
            .collect(),
        head: &head,
        sink: Some(sink),
        types: &types,
        ..Setup::new(folder, "", "")
    };
    let server = Server::start(&setup).await?;
    let target = Target {
        http: server.url.clone(),
        grpc: Some(server.grpc.clone()),
        keys: server.keys.clone(),
        source: SOURCE.to_owned(),
    };
    Ok((server, target))
}
