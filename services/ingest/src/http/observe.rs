//! What is seen of each request: a span, a count, a time.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};
use tracing::Instrument;

use crate::metrics;

const TRACEPARENT: &str = "traceparent";

/// Wraps every request.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let span = tracing::info_span!("http.request", method = %request.method(), route, status = tracing::field::Empty);
    let response = next.call(request).instrument(span.clone()).await;
    let status = match &response {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    span.record("status", status.as_u16());
    metrics::request("http", &route, status.as_str(), started.elapsed());
    response
}

/// The W3C trace context that the caller brought, to be kept with the records; none where it is none.
pub(super) fn traceparent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(TRACEPARENT)?.to_str().ok()?;
    crate::trace::is_traceparent(text).then(|| text.to_owned())
}
