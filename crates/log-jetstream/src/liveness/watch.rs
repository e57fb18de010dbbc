//! What one watcher sees.
//!
//! The bucket is listed each second. What somebody writes is heard on its way to the bucket: a hint counts from then on, and the bucket is
//! listed a moment later, which makes a suspicion known to all at once. A watcher of the library's would end with the bucket's leader, and say so late.
//!
//! The connection is sound while what was sent over it comes back, the way that the heartbeats of the others come. That the bucket has
//! no leader for some seconds says nothing about it.

use std::time::Duration;

use async_nats::{Client, Message, SubscribeError, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use ports::Seen;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::heard::Heard;
use super::list::list;
use super::records;
use super::shared::Shared;

/// Between two listings while nobody writes.
const LIST: Duration = Duration::from_secs(1);
/// From what is heard on its way to the bucket until it stands there, on each of the bucket's servers.
const SETTLE: Duration = Duration::from_millis(50);
/// Between two messages to oneself.
const ECHO: Duration = Duration::from_millis(400);
/// Silence after which the connection is not sound: two of them were lost.
const ECHO_MAX: Duration = Duration::from_millis(1_000);
/// Before what could not be subscribed to is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves a watcher until it is dropped.
pub(super) async fn serve(shared: &Shared, up: watch::Receiver<bool>, to: mpsc::Sender<Seen>) {
    let (sound, heard) = (watch::Sender::new(false), Heard::default());
    let hears = async {
        loop {
            let echo = format!(
                "{}.echo.{}",
                shared.layout.prefix,
                unique(shared.api.client())
            );
            match Ears::open(shared, &echo).await {
                Ok(ears) => {
                    let watcher = Watcher {
                        shared,
                        up: up.clone(),
                        to: &to,
                        sound: &sound,
                        heard: &heard,
                        silent: Instant::now(),
                        echo,
                    };
                    watcher.run(ears).await;
                }
                Err(error) => tracing::warn!(%error, "what other nodes say cannot be heard"),
            }
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = to.closed() => {}
        () = hears => {}
        () = lists(shared, sound.subscribe(), &heard, &to) => {}
    }
}

/// Lists again and again, while the connection is sound.
async fn lists(
    shared: &Shared,
    mut sound: watch::Receiver<bool>,
    heard: &Heard,
    to: &mpsc::Sender<Seen>,
) {
    let mut last = None;
    while sound.wait_for(|sound| *sound).await.is_ok() {
        match list(&shared.api, &shared.layout).await {
            Ok((records, foreign)) => {
                shared.note_foreign(foreign);
                last = Some(records.clone());
                if to.send(Seen::Listed(heard.over(records))).await.is_err() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "the nodes' records cannot be listed"),
        }
        if timeout(LIST, heard.news.notified()).await.is_err() {
            continue;
        }
        if let Some(records) = last.clone()
            && to.send(Seen::Listed(heard.over(records))).await.is_err()
        {
            return;
        }
        sleep(SETTLE).await;
    }
}

/// A token that no other watcher has.
fn unique(client: &Client) -> String {
    let inbox = client.new_inbox();
    inbox.rsplit('.').next().unwrap_or_default().to_owned()
}

/// What is listened to.
struct Ears {
    beats: Subscriber,
    writes: Subscriber,
    echoes: Subscriber,
}

impl Ears {
    async fn open(shared: &Shared, echo: &str) -> Result<Self, SubscribeError> {
        let client = shared.api.client();
        let writes = records::every_subject(&shared.layout);
        Ok(Self {
            beats: client.subscribe(shared.layout.beat_subject("*")).await?,
            writes: client.subscribe(writes).await?,
            echoes: client.subscribe(echo.to_owned()).await?,
        })
    }
}

struct Watcher<'a> {
    shared: &'a Shared,
    up: watch::Receiver<bool>,
    to: &'a mpsc::Sender<Seen>,
    sound: &'a watch::Sender<bool>,
    heard: &'a Heard,
    /// When the connection is not sound any more unless the own message comes back.
    silent: Instant,
    echo: String,
}

impl Watcher<'_> {
    /// Until nothing can be heard any more.
    async fn run(mut self, mut ears: Ears) {
        let mut echoes = interval(ECHO);
        echoes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // What came back counts before the time in which it should have.
                biased;
                echo = ears.echoes.next() => match echo {
                    Some(_) => self.heard_itself().await,
                    None => break,
                },
                changed = self.up.changed() => match changed {
                    Ok(()) if *self.up.borrow_and_update() => {}
                    Ok(()) => self.say(false).await,
                    Err(_) => break,
                },
                beat = ears.beats.next() => match beat {
                    Some(beat) => self.beat(&beat),
                    None => break,
                },
                write = ears.writes.next() => match write {
                    Some(write) => self.heard.hear(&self.shared.layout, &write.subject, &write.payload),
                    None => break,
                },
                _ = echoes.tick() => self.call().await,
                () = sleep_until(self.silent), if *self.sound.borrow() => self.say(false).await,
            }
        }
        self.say(false).await;
    }

    /// Sends a message to oneself.
    async fn call(&self) {
        if *self.up.borrow() {
            let client = self.shared.api.client();
            // What cannot be sent does not come back.
            drop(client.publish(self.echo.clone(), Bytes::new()).await);
        }
    }

    async fn heard_itself(&mut self) {
        self.silent = Instant::now() + ECHO_MAX;
        if *self.up.borrow() {
            self.say(true).await;
        }
    }

    /// Says whether the connection is sound, where that is new.
    async fn say(&self, sound: bool) {
        if *self.sound.borrow() != sound {
            // The watcher was dropped: the end of all this comes by itself.
            drop(self.to.send(Seen::Sound(sound)).await);
            self.sound.send_replace(sound);
        }
    }

    /// Hears somebody's heartbeat. A watcher that is behind loses it.
    fn beat(&self, beat: &Message) {
        let name = beat
            .subject
            .strip_prefix(&self.shared.layout.beat_subject(""))
            .and_then(|name| name.parse().ok());
        let process = records::decode_holder(&beat.payload);
        if let (Some(name), Some(process)) = (name, process)
            && let Err(TrySendError::Full(_)) = self.to.try_send(Seen::Beat { name, process })
        {
            tracing::debug!("a watcher of the nodes is behind: it loses a heartbeat");
        }
    }
}
