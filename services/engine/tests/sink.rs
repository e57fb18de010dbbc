//! The sink against a gateway's real server: order, acknowledgements, breaks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use engine_service::GrpcSink;
use inbox::{Error, Inbox, Listeners, Projection, Record, ServeError, Server, Table, Tables, Tx};
use ports::{EmissionSink, Outgoing, SinkStream};
use telemetry::Exporter;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;
use types::{Epoch, Partition};

/// How often each id was acted on.
struct Acts(Table);

impl Projection for Acts {
    const VERSION: u32 = 1;

    fn open(tables: &Tables) -> Result<Self, Error> {
        tables.table("acts").map(Self)
    }

    fn fold(&self, tx: &mut Tx<'_>, _: u64, record: Record<'_>) -> Result<(), Error> {
        if let Record::Emission(emission) = record {
            let before = tx.get(&self.0, &emission.id)?.unwrap_or_default();
            tx.put(&self.0, &emission.id, [before, vec![b'x']].concat());
        }
        Ok(())
    }
}

struct Gateway {
    inbox: Inbox<Acts>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

async fn gateway(folder: &Path, grpc: SocketAddr) -> (Gateway, SocketAddr) {
    let inbox = Inbox::<Acts>::open(folder, "test").await.unwrap();
    let listeners = Listeners {
        grpc: TcpListener::bind(grpc).unwrap(),
        http: TcpListener::bind("127.0.0.1:0").unwrap(),
    };
    let address = listeners.grpc.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = Server {
        inbox: inbox.clone(),
        listeners,
        exporter: Exporter::detached().unwrap(),
        shutdown: shutdown.clone(),
    };
    let task = tokio::spawn(server.run(RoutesBuilder::default(), |_: &mut _| {}));
    let gateway = Gateway {
        inbox,
        shutdown,
        task,
    };
    (gateway, address)
}

impl Gateway {
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
        self.inbox.close().await.unwrap();
    }

    /// Ids acted on, and how often the busiest was.
    async fn acts(&self) -> (usize, usize) {
        let page = self
            .inbox
            .read(|acts, reader| reader.page(&acts.0, b"", None, 10_000));
        let rows = page.await.unwrap().rows;
        (
            rows.len(),
            rows.iter().map(|(_, acts)| acts.len()).max().unwrap_or(0),
        )
    }
}

fn batch(sequences: std::ops::Range<u64>) -> Vec<Outgoing> {
    let outgoing = |sequence| Outgoing {
        sequence,
        id: format!("{sequence:032x}").into(),
        kind: "tier_changed".into(),
        brand: "acme".into(),
        player: "p".into(),
        accepted_at: None,
        traceparent: None,
        body: format!("{{\"n\":{sequence}}}").into_bytes().into(),
    };
    sequences.map(outgoing).collect()
}

async fn send(stream: &mut SinkStream, sequences: std::ops::Range<u64>) {
    let last = sequences.end - 1;
    stream.batches.send(batch(sequences)).await.unwrap();
    let mut before = None;
    while before != Some(last) {
        let ack = stream.acks.recv().await;
        assert!(ack > before, "acknowledgements rise: {before:?}, {ack:?}");
        before = ack;
    }
}

fn sink(address: SocketAddr) -> GrpcSink {
    GrpcSink::new("test", &format!("http://{address}"), ["tier_changed"]).unwrap()
}

const ANY: &str = "127.0.0.1:0";

#[tokio::test]
async fn emissions_are_acknowledged_in_order_and_a_repeat_in_another_epoch_acts_once() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, address) = gateway(folder.path(), ANY.parse().unwrap()).await;
    let sink = sink(address);
    assert!(sink.takes("tier_changed") && !sink.takes("points_earned"));
    for epoch in 1..=2 {
        let mut streams = Vec::new();
        for partition in 0..4 {
            streams.push(sink.open(Partition(partition), Epoch(epoch)).await.unwrap());
        }
        for (stream, n) in streams.iter_mut().zip(0..) {
            send(stream, n * 100..n * 100 + 50).await;
            send(stream, n * 100 + 50..n * 100 + 100).await;
        }
        for stream in streams {
            let SinkStream { batches, mut acks } = stream;
            drop(batches);
            assert_eq!(acks.recv().await, None, "a finished stream ends");
        }
    }
    assert_eq!(gateway.acts().await, (400, 1));
    gateway.stop().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_gateway_and_opens_again_when_that_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (first, address) = gateway(folder.path(), ANY.parse().unwrap()).await;
    let sink = sink(address);
    let mut stream = sink.open(Partition(0), Epoch(1)).await.unwrap();
    send(&mut stream, 1..10).await;
    first.stop().await;
    assert_eq!(stream.acks.recv().await, None);
    stream.batches.closed().await;
    assert!(
        sink.open(Partition(0), Epoch(1)).await.is_err(),
        "refused, not waited for"
    );
    let (second, _) = gateway(folder.path(), address).await;
    let mut stream = loop {
        // The channel reconnects by itself; until it has, opening is refused.
        match sink.open(Partition(0), Epoch(1)).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    send(&mut stream, 1..20).await;
    assert_eq!(second.acts().await, (19, 1));
    second.stop().await;
}
