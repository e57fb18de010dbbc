//! Bodies that nobody read to their end.
//!
//! actix drains a chunked body whose reader is gone, for as long as its sender likes. A reader that is still there when the answer
//! goes out makes it end the connection instead, after a short time for the client to read the answer. So every request's body is
//! taken from it at the door, lent to the handler, and what is not read to its end is held until the answer is sent.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use bytes::Bytes;

/// A request's body on its way between the door and the handler.
#[derive(Clone)]
pub(super) struct Unread(Rc<RefCell<Option<Payload>>>);

/// An answer that holds a body which was not read.
struct Holding {
    answer: BoxBody,
    _unread: Payload,
}

impl Unread {
    /// Takes the body from a request and leaves it where its handler finds it.
    pub(super) fn take(request: &mut ServiceRequest) -> Self {
        let unread = match request.take_payload() {
            Payload::None => None,
            payload => Some(payload),
        };
        let unread = Self(Rc::new(RefCell::new(unread)));
        request.extensions_mut().insert(unread.clone());
        unread
    }

    /// The request's body, to be read; nothing the second time.
    pub(super) fn of(request: &HttpRequest) -> Payload {
        let unread = request.extensions().get::<Self>().cloned();
        unread
            .and_then(|unread| unread.0.borrow_mut().take())
            .unwrap_or(Payload::None)
    }

    /// Gives back what was not read to its end.
    pub(super) fn give_back(request: &HttpRequest, payload: Payload) {
        if let Some(unread) = request.extensions().get::<Self>() {
            unread.0.replace(Some(payload));
        }
    }

    /// The answer, holding the body if it is still there.
    pub(super) fn held_by(&self, answer: BoxBody) -> BoxBody {
        match self.0.borrow_mut().take() {
            Some(unread) => BoxBody::new(Holding {
                answer,
                _unread: unread,
            }),
            None => answer,
        }
    }
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(context)
    }
}
