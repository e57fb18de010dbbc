//! What is seen of each request: a span, a count, a time.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};
use telemetry::{Traceparent, trace};
use tracing::Instrument;

use super::unread::Unread;
use crate::metrics;

const TRACEPARENT: &str = "traceparent";

/// Wraps every request.
pub(super) async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let span = tracing::info_span!("http.request", method = %request.method(), route, status = tracing::field::Empty);
    if let Some(parent) = header(request.request()) {
        trace::adopt(&span, parent);
    }
    let unread = Unread::take(&mut request);
    let response = next.call(request).instrument(span.clone()).await;
    let status = match &response {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    span.record("status", status.as_u16());
    metrics::request("http", &route, status.as_str(), started.elapsed());
    Ok(response?.map_body(|_, answer| unread.held_by(answer.boxed())))
}

/// The W3C trace context to be kept with the request's records: this request's span in the caller's trace. None where the caller
/// brought none, since it would make every record longer.
pub(super) fn traceparent(request: &HttpRequest) -> Option<String> {
    let caller: Traceparent = header(request)?.parse().ok()?;
    Some(trace::current().unwrap_or(caller).to_string())
}

fn header(request: &HttpRequest) -> Option<&str> {
    request.headers().get(TRACEPARENT)?.to_str().ok()
}
