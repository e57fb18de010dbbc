//! The W3C trace context, from an HTTP request through the log record to a gateway.
//!
//! A `traceparent` travels as text: in the request's header, in the record, in the emission. [`adopt`] makes a span the child of
//! one, [`current`] says the one of the span that runs now. No exporter is attached: spans are for ids in logs and for passing on.

use std::fmt;
use std::str::FromStr;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use thiserror::Error;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;

/// A parsed `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace, never zero.
    pub trace_id: u128,
    /// The span that caused this, never zero.
    pub parent_id: u64,
    /// Whether the caller records the trace.
    pub sampled: bool,
}

/// The text is no trace context: go on without one.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a traceparent")]
pub struct NotATraceparent;

impl FromStr for Traceparent {
    type Err = NotATraceparent;

    fn from_str(text: &str) -> Result<Self, NotATraceparent> {
        let mut parts = text.split('-');
        let mut part = |length: usize| {
            let part = parts.next().filter(|part| {
                part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            });
            part.and_then(|part| u128::from_str_radix(part, 16).ok())
                .ok_or(NotATraceparent)
        };
        let (version, trace_id, parent_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // A version that does not exist yet may append fields; version 0 may not, and 255 is forbidden.
        let extended = parts.next().is_some();
        let parent_id = u64::try_from(parent_id).map_err(|_| NotATraceparent)?;
        if version == 0xff || (version == 0 && extended) || trace_id == 0 || parent_id == 0 {
            return Err(NotATraceparent);
        }
        Ok(Self {
            trace_id,
            parent_id,
            sampled: flags & 1 == 1,
        })
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(
            f,
            "00-{:032x}-{:016x}-{flags:02x}",
            self.trace_id, self.parent_id
        )
    }
}

impl Traceparent {
    fn of(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            parent_id: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: context.is_sampled(),
        })
    }

    fn remote(self) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(self.sampled);
        SpanContext::new(
            TraceId::from_bytes(self.trace_id.to_be_bytes()),
            SpanId::from_bytes(self.parent_id.to_be_bytes()),
            flags,
            true,
            TraceState::default(),
        )
    }
}

/// Makes the span a child of the trace context in `text`; without effect where the text is none.
pub fn adopt(span: &Span, text: &str) {
    if let Ok(parent) = text.parse::<Traceparent>() {
        let context = opentelemetry::Context::new().with_remote_span_context(parent.remote());
        // Refused where the span has begun or no layer listens: then there is nothing to pass on.
        let _unheard = span.set_parent(context);
    }
}

/// The trace context of the current span, to be passed on; `None` where no layer listens.
pub fn current() -> Option<Traceparent> {
    of(&Span::current())
}

/// The trace context of a span.
pub fn of(span: &Span) -> Option<Traceparent> {
    Traceparent::of(span.context().span().span_context())
}

/// The layer that gives spans their ids.
pub(crate) fn layer<S>() -> OpenTelemetryLayer<S, Tracer>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let tracer = SdkTracerProvider::builder().build().tracer("questline");
    tracing_opentelemetry::layer().with_tracer(tracer)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::{Traceparent, adopt, current, layer};

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_parsed_prints_the_same() {
        assert_eq!(PARENT.parse::<Traceparent>().unwrap().to_string(), PARENT);
    }

    #[test]
    fn malformed_contexts_are_refused() {
        let table = [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ];
        for text in table {
            assert!(text.parse::<Traceparent>().is_err(), "{text}");
        }
        assert!(
            format!("{PARENT}-x")
                .replacen("00", "01", 1)
                .parse::<Traceparent>()
                .is_ok()
        );
    }

    #[test]
    fn a_span_goes_on_with_the_trace_it_adopted() {
        let subscriber = tracing_subscriber::registry().with(layer());
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request");
            adopt(&span, PARENT);
            let _entered = span.enter();
            let passed_on = current().unwrap();
            let parent: Traceparent = PARENT.parse().unwrap();
            assert_eq!(passed_on.trace_id, parent.trace_id);
            assert_ne!(passed_on.parent_id, parent.parent_id);
            assert!(passed_on.sampled);
        });
    }

    #[test]
    fn without_a_layer_there_is_nothing_to_pass_on() {
        assert_eq!(current(), None);
    }
}
