//! What is answered: JSON, or a problem.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::ROUTES;
use crate::problem::{Kind, Problem};

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// JSON text, as it is.
pub(super) fn json(text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(text)
}

/// A value as JSON, with a status.
pub(super) fn value(status: StatusCode, value: &impl Serialize) -> Result<HttpResponse, Problem> {
    let text = serde_json::to_string(value)
        .map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    Ok(HttpResponse::build(status)
        .content_type("application/json")
        .body(text))
}

/// A command that is not allowed now: 409 with the refusal's own code.
pub(super) fn refused(code: &str, detail: &str) -> HttpResponse {
    HttpResponse::Conflict()
        .content_type("application/problem+json")
        .json(Body {
            r#type: format!("urn:questline:problem:{code}"),
            title: "The command is refused",
            status: StatusCode::CONFLICT.as_u16(),
            code,
            detail,
            members: &Map::new(),
        })
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(after) = self.retry_after {
            // Whole seconds, rounded up: earlier would be refused again.
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.insert_header((RETRY_AFTER, seconds.max(1).to_string()));
        }
        match self.kind {
            Kind::Unauthenticated => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            // The rest of the body is not read.
            Kind::Timeout | Kind::TooLarge | Kind::Overloaded => {
                response.force_close();
            }
            Kind::MethodNotAllowed => {
                if let Some(method) = allowed(&self.detail) {
                    response.insert_header((ALLOW, method));
                }
            }
            _ => {}
        }
        response
            .content_type("application/problem+json")
            .json(Body {
                r#type: format!("urn:questline:problem:{}", self.kind.code()),
                title: self.kind.title(),
                status: self.kind.status(),
                code: self.kind.code(),
                detail: &self.detail,
                members: &self.members,
            })
    }
}

// A part of a path: as it is, or in braces, then perhaps a verb.
fn fits(want: &str, have: &str) -> bool {
    match want.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((_, verb)) => have.len() > verb.len() && have.ends_with(verb),
        None => want == have,
    }
}

fn allowed(detail: &str) -> Option<String> {
    let path = detail.split(' ').next()?;
    let is = |pattern: &str| {
        let (mut want, mut have) = (pattern.split('/'), path.split('/'));
        want.by_ref()
            .zip(have.by_ref())
            .all(|(want, have)| fits(want, have))
            && want.next().is_none()
            && have.next().is_none()
    };
    let methods = ROUTES.into_iter().filter(|(_, pattern)| is(pattern));
    let methods: Vec<&str> = methods.map(|(method, _)| method).collect();
    (!methods.is_empty()).then(|| methods.join(", "))
}
