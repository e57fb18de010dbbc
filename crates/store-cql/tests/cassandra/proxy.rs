//! A line to the server that can be late and can lose answers. Requests are told apart by a text that their values hold.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A frame of CQL version 4: 9 bytes, the last four of which are the length of the rest.
const HEADER: usize = 9;

/// The line.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    /// What requests are held back, and whose answers are lost.
    held: Mutex<Option<Vec<u8>>>,
    lost: Mutex<Option<Vec<u8>>>,
    /// Raised when what is held may go.
    released: watch::Sender<bool>,
    /// How many requests were held back, and how many answers, to those held or lost, came from the server.
    waiting: watch::Sender<usize>,
    answered: watch::Sender<usize>,
}

impl Proxy {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            server,
            held: Mutex::default(),
            lost: Mutex::default(),
            released: watch::Sender::new(false),
            waiting: watch::Sender::new(0),
            answered: watch::Sender::new(0),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(client, Arc::clone(&serving)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn node(&self) -> String {
        self.address.to_string()
    }

    /// Requests that hold the text wait on the line.
    pub(crate) fn hold(&self, text: &str) {
        *lock(&self.shared.held) = Some(text.as_bytes().to_vec());
    }

    /// Answers to requests that hold the text are lost.
    pub(crate) fn lose(&self, text: &str) {
        *lock(&self.shared.lost) = Some(text.as_bytes().to_vec());
    }

    /// Lets go what was held, and waits until the server has answered all of it.
    pub(crate) async fn release(&self) {
        let waiting = *self.shared.waiting.borrow();
        assert!(waiting > 0, "nothing was held");
        self.shared.released.send_replace(true);
        self.answered(waiting).await;
    }

    /// Waits until the server has answered so many of the requests that were held or whose answers are lost.
    pub(crate) async fn answered(&self, count: usize) {
        let mut answered = self.shared.answered.subscribe();
        let enough = answered.wait_for(|answered| *answered >= count).await;
        drop(enough.expect("the line lives"));
    }
}

/// Streams whose answers are counted, and whether they are lost.
type Marked = Arc<Mutex<HashSet<(u16, bool)>>>;

async fn connect(client: TcpStream, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.server).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let marked = Marked::default();
    let to_server = Arc::new(tokio::sync::Mutex::new(to_server));
    tokio::spawn(answers(
        from_server,
        to_client,
        Arc::clone(&shared),
        Arc::clone(&marked),
    ));
    requests(from_client, to_server, shared, marked).await;
}

async fn requests(
    mut from: OwnedReadHalf,
    to: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    shared: Arc<Shared>,
    marked: Marked,
) {
    while let Some(frame) = frame(&mut from).await {
        let stream = stream(&frame);
        if holds(&frame, &shared.lost) {
            lock(&marked).insert((stream, true));
        }
        if !holds(&frame, &shared.held) {
            if to.lock().await.write_all(&frame).await.is_err() {
                return;
            }
            continue;
        }
        lock(&marked).insert((stream, false));
        shared.waiting.send_modify(|waiting| *waiting += 1);
        let (to, mut released) = (Arc::clone(&to), shared.released.subscribe());
        tokio::spawn(async move {
            if released.wait_for(|released| *released).await.is_ok() {
                // Where the server is gone, the test that waits for its answer says so.
                drop(to.lock().await.write_all(&frame).await);
            }
        });
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: Arc<Shared>,
    marked: Marked,
) {
    while let Some(frame) = frame(&mut from).await {
        let stream = stream(&frame);
        let late = lock(&marked).remove(&(stream, false));
        let lost = lock(&marked).remove(&(stream, true));
        if late || lost {
            shared.answered.send_modify(|answered| *answered += 1);
        }
        // Whoever asked may have given up on the line: the answers are still counted.
        if !lost && to.write_all(&frame).await.is_err() {
            continue;
        }
    }
}

async fn frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    from.read_exact(&mut frame).await.ok()?;
    let length = u32::from_be_bytes(*frame.last_chunk()?);
    frame.resize(HEADER + length as usize, 0);
    from.read_exact(&mut frame[HEADER..]).await.ok()?;
    Some(frame)
}

fn stream(frame: &[u8]) -> u16 {
    u16::from_be_bytes([frame[2], frame[3]])
}

fn holds(frame: &[u8], text: &Mutex<Option<Vec<u8>>>) -> bool {
    let text = lock(text);
    let Some(text) = text.as_ref() else {
        return false;
    };
    frame.windows(text.len()).any(|window| window == text)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
