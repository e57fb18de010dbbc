//! Reads a body within its bounds of size and time.

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::time::timeout;

use crate::budget::Share;
use crate::config::Config;
use crate::problem::{Kind, Problem};

/// The whole body; its bytes are charged to the share as they come.
pub(super) async fn read(
    request: &HttpRequest,
    payload: web::Payload,
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
    let gathered = timeout(config.read_timeout, gather(payload, max, share));
    gathered.await.unwrap_or_else(|_| {
        let within = config.read_timeout;
        Err(Problem::new(
            Kind::Timeout,
            format!("the body did not come within {within:?}"),
        ))
    })
}

async fn gather(
    mut payload: web::Payload,
    max: usize,
    share: &mut Share,
) -> Result<Bytes, Problem> {
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
