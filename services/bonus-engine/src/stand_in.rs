//! A stand-in for the operator's bonus engine, for demonstrations and tests. Not for production.
//!
//! It answers like a real one on a bad day: idempotent by key, and for a seeded share of requests a 500, or no answer at all, before
//! or after it has done what was asked. `GET /effects` says what it did, so that "once" can be checked from outside.

mod book;

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::{self, Bytes, Data, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::backoff::mix;
use book::Book;

/// How bad the day is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct StandIn {
    /// Makes the faults: the same requests meet the same ones.
    pub seed: u64,
    /// Requests in a hundred that are answered with 500, half of them after the effect.
    pub errors_percent: u8,
    /// Requests in a hundred that are never answered, half of them after the effect.
    pub hangs_percent: u8,
    /// Where effects are kept over restarts.
    pub file: Option<PathBuf>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Answered,
    Error { applied: bool },
    Silence { applied: bool },
}

struct Shared {
    config: StandIn,
    book: Mutex<Book>,
    shutdown: CancellationToken,
}

impl StandIn {
    /// Serves `POST /grants` and `GET /effects` until shut down.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let book = Book::open(self.file.as_deref())?;
        let shared = Data::from(Arc::new(Shared {
            config: self,
            book: Mutex::new(book),
            shutdown: shutdown.clone(),
        }));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/grants", web::post().to(grants))
                .route("/effects", web::get().to(effects))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        let handle = server.handle();
        let stop = async {
            shutdown.cancelled().await;
            handle.stop(true).await;
        };
        let (served, ()) = tokio::join!(server, stop);
        served
    }

    fn fate(&self, key: &str, request: u64) -> Fate {
        let text = key.bytes().map(u64::from);
        let parts: Vec<u64> = text.chain([request]).collect();
        let drawn = mix(self.seed, &parts);
        let (percent, applied) = (drawn % 100, drawn >> 63 == 1);
        let errors = u64::from(self.errors_percent);
        if percent < errors {
            Fate::Error { applied }
        } else if percent < errors + u64::from(self.hangs_percent) {
            Fate::Silence { applied }
        } else {
            Fate::Answered
        }
    }
}

async fn grants(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let key = request.headers().get("idempotency-key");
    let Some(key) = key.and_then(|key| key.to_str().ok()) else {
        return HttpResponse::BadRequest().json(json!({"reason": "no Idempotency-Key"}));
    };
    let outcome = {
        let mut book = shared.book.lock().unwrap_or_else(PoisonError::into_inner);
        let fate = shared.config.fate(key, book.request(key));
        let applied = !matches!(
            fate,
            Fate::Error { applied: false } | Fate::Silence { applied: false }
        );
        let written = if applied {
            book.apply(key, &body)
        } else {
            Ok(true)
        };
        written.map(|same| (fate, same))
    };
    match outcome {
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
        Ok((_, false)) => HttpResponse::UnprocessableEntity()
            .json(json!({"reason": "this key was used with another body"})),
        Ok((Fate::Answered, true)) => HttpResponse::Ok().json(json!({"status": "done"})),
        Ok((Fate::Error { .. }, true)) => HttpResponse::InternalServerError().finish(),
        Ok((Fate::Silence { .. }, true)) => {
            shared.shutdown.cancelled().await;
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

async fn effects(shared: Data<Shared>) -> Json<serde_json::Value> {
    let book = shared.book.lock().unwrap_or_else(PoisonError::into_inner);
    Json(book.summary())
}
