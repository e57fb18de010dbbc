//! What the gateways' HTTP interfaces have in common: errors as RFC 9457 problems, and paging.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Deserialize;
use thiserror::Error;

use crate::error::Error;

/// How many items a page has unless the caller says otherwise.
const PAGE_SIZE: usize = 100;
/// The most items that a page can have.
const PAGE_SIZE_MAX: usize = 1_000;

/// An error, as HTTP shows it: `application/problem+json` with a stable `code`.
#[derive(Debug, Error)]
pub enum Problem {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The page token is none that this interface gave.
    #[error("page_token is none that was given here")]
    PageToken,
    /// The inbox can't be read, or has stopped.
    #[error("{0}")]
    Inbox(#[from] Error),
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::PageToken => StatusCode::BAD_REQUEST,
            Self::Inbox(Error::Stopped) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Inbox(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let code = match self {
            Self::NotFound => "not_found",
            Self::PageToken => "bad_page_token",
            Self::Inbox(Error::Stopped) => "stopping",
            Self::Inbox(_) => "internal",
        };
        let status = self.status_code();
        let body = serde_json::json!({
            "title": status.canonical_reason(), "status": status.as_u16(),
            "code": code, "detail": self.to_string(),
        });
        HttpResponse::build(status)
            .content_type("application/problem+json")
            .body(body.to_string())
    }
}

/// `?page_size=&page_token=`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Paging {
    page_size: Option<usize>,
    page_token: Option<String>,
}

impl Paging {
    /// From a call that is not HTTP: 0 and empty stand for absent.
    pub fn new(page_size: usize, page_token: String) -> Self {
        Self {
            page_size: (page_size > 0).then_some(page_size),
            page_token: Some(page_token),
        }
    }

    /// How many items to give.
    pub fn limit(&self) -> usize {
        self.page_size.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX)
    }

    /// The record after which the page begins; `None` at the start.
    pub fn after(&self) -> Result<Option<u64>, Problem> {
        match self.page_token.as_deref() {
            None | Some("") => Ok(None),
            Some(token) => {
                let number = u64::from_str_radix(token, 16);
                number.map(Some).map_err(|_| Problem::PageToken)
            }
        }
    }

    /// The token of the page after the one that ends with record `last`.
    pub fn token(last: u64) -> String {
        format!("{last:x}")
    }
}
