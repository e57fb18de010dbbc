//! `/v1/log`: what the log keeps of the key's brand, record by record.

use actix_web::{HttpRequest, HttpResponse, web};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use types::{BrandId, Partition, Position};

use super::publish::query;
use super::{Shared, answer, auth};
use crate::history;
use crate::keys::Scope;
use crate::problem::{Kind, Problem};

#[derive(Serialize)]
struct Log<'a> {
    brand: &'a BrandId,
    partitions: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    after: String,
    end: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    after: String,
}

/// Where each partition begins and ends.
pub(super) async fn list(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::History)?;
    let mut partitions = Vec::new();
    for partition in (0..shared.log.partitions()).map(Partition) {
        let (after, end) = history::ends(&*shared.log, partition).await?;
        partitions.push(Line {
            after: after.to_string(),
            end: end.to_string(),
        });
    }
    let log = Log {
        brand: &caller.brand,
        partitions,
    };
    answer::value(actix_web::http::StatusCode::OK, &log)
}

/// A page of a partition's records: those of the key's brand.
pub(super) async fn read(
    request: HttpRequest,
    shared: web::Data<Shared>,
    partition: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::History)?;
    let query: Query = query(&request)?;
    let after = position(&query.after)
        .ok_or_else(|| Problem::new(Kind::Malformed, "`after` is no position, as in 12.0"))?;
    let partition = partition.parse().ok().map(Partition);
    let partition = partition.filter(|it| it.0 < shared.log.partitions());
    let unknown = || Problem::new(Kind::NotFound, "the log has no such partition");
    let partition = partition.ok_or_else(unknown)?;
    let page = history::page(&*shared.log, &caller.brand, partition, after).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/x-protobuf")
        .body(page.encode_to_vec()))
}

/// The position that a text such as `12.0` says.
pub(super) fn position(text: &str) -> Option<Position> {
    let (sequence, index) = text.split_once('.')?;
    Some(Position {
        sequence: sequence.parse().ok()?,
        index: index.parse().ok()?,
    })
}
