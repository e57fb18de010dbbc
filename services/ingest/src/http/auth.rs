//! Who calls.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use super::Shared;
use crate::keys::{Caller, Scope};
use crate::problem::{Kind, Problem};

/// The caller, who must have the scope.
pub(super) fn caller(
    request: &HttpRequest,
    shared: &Shared,
    scope: Scope,
) -> Result<Arc<Caller>, Problem> {
    let header = request.headers().get(AUTHORIZATION);
    authorize(
        header.and_then(|value| value.to_str().ok()),
        &shared.keys,
        scope,
    )
}

/// Whom an `Authorization` header or `authorization` metadata speaks for.
pub(crate) fn authorize(
    header: Option<&str>,
    keys: &crate::keys::Keys,
    scope: Scope,
) -> Result<Arc<Caller>, Problem> {
    let unknown = |detail: &str| Problem::new(Kind::Unauthenticated, detail);
    let header = header.ok_or_else(|| unknown("send `Authorization: Bearer <key>`"))?;
    let key = match header.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => return Err(unknown("the authorization is not `Bearer <key>`")),
    };
    let caller = keys
        .caller(key)
        .ok_or_else(|| unknown("nobody has this key"))?;
    if !caller.scopes.contains(&scope) {
        let detail = format!("the key lacks the scope `{}`", scope.as_str());
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(caller)
}
