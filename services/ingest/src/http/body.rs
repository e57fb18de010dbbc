//! Reads a body within its bounds of size and time.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::time::timeout;

use super::unread::Unread;
use crate::budget::Share;
use crate::config::Config;
use crate::problem::{Kind, Problem};

/// The whole body; its bytes are charged to the share as they come.
pub(super) async fn read(
    request: &HttpRequest,
    config: &Config,
    share: &mut Share,
) -> Result<Bytes, Problem> {
    let max = config.body_bytes_max;
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    // Refused before a byte of it is read.
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let mut payload = Unread::of(request);
    let gathered = timeout(config.read_timeout, gather(&mut payload, max, share)).await;
    let gathered = gathered.unwrap_or_else(|_| {
        let within = config.read_timeout;
        let detail = format!("the body did not come within {within:?}");
        Err(Problem::new(Kind::Timeout, detail))
    });
    if gathered.is_err() {
        Unread::give_back(request, payload);
    }
    gathered
}

async fn gather(payload: &mut Payload, max: usize, share: &mut Share) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(Kind::Malformed, format!("the body broke off: {error}"))
        })?;
        if body.len() + chunk.len() > max {
            return Err(too_large(max));
        }
        share.grow(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(max: usize) -> Problem {
    Problem::new(
        Kind::TooLarge,
        format!("the body has more than {max} bytes"),
    )
}
