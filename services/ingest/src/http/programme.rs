//! `/v1/programme`: what is in effect, the draft, publishing.

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::page::{self, Page};
use super::publish::query;
use super::{Shared, answer, auth, body};
use crate::editing::{self, Current, Done, Versions};
use crate::keys::Scope;
use crate::preview::Cursor;
use crate::problem::{Kind, Problem};
use crate::programmes::described;

/// What `:publish` is told.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// The version that the draft was made from.
    base: Option<Box<str>>,
    /// The version of the draft that is meant; whichever is there, where it is not said.
    version: Option<Box<str>>,
    /// Why.
    #[serde(default)]
    note: Box<str>,
}

/// The programme that was published last, and the draft.
pub(super) async fn get(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let Current {
        published,
        partitions,
        draft,
    } = editing::get(&shared.intake, &caller).await?;
    let draft = draft.map(|(version, draft)| {
        json!({"version": version, "author": draft.author, "at": draft.at, "source": draft.source})
    });
    let mut said = json!({"brand": caller.brand, "draft": draft, "partitions": partitions});
    let mut tag = None;
    if let (Some(newest), Some(fields)) = (&published, said.as_object_mut()) {
        let id = programme::compile("", &newest.source).map(|it| it.id);
        fields.insert("programme".to_owned(), json!(id.ok()));
        fields.insert("source".to_owned(), json!(newest.source));
        if let Value::Object(described) = described(newest) {
            fields.extend(described);
        }
        tag = format!("\"{}\"", newest.version).parse().ok();
    }
    let mut response = answer::value(StatusCode::OK, &said)?;
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// Sets the draft: the body is the YAML, valid or not.
pub(super) async fn put(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let mut share = shared.intake.budget.share();
    let bytes = body::read(&request, &shared.intake.config, &mut share).await?;
    let edited = editing::put(&shared.intake, &caller, &bytes).await?;
    answer::value(StatusCode::OK, &edited)
}

/// Makes the draft the programme in effect.
pub(super) async fn publish(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let mut share = shared.intake.budget.share();
    let bytes = body::read(&request, &shared.intake.config, &mut share).await?;
    let malformed = |why: String| Problem::new(Kind::Malformed, why);
    let said: Said = match bytes.is_empty() {
        true => Said::default(),
        false => serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?,
    };
    let base = match (said.base, matched(&request)?) {
        (Some(base), Some(tag)) if base != tag => {
            let why = "`base` and `If-Match` name different versions".to_owned();
            return Err(malformed(why));
        }
        (base, tag) => base.or(tag),
    };
    let asked = editing::Asked {
        base,
        version: said.version,
        note: said.note,
    };
    let Done {
        publication,
        partitions,
    } = editing::publish(&shared.intake, &caller, asked).await?;
    let status = match partitions.is_whole() {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    let mut said = described(&publication);
    said["partitions"] = json!(partitions);
    answer::value(status, &said)
}

/// What the draft in the body, or the one that was set, would mean for the brand's players: a page of them.
pub(super) async fn preview(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        #[serde(default)]
        page_token: String,
    }
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let Query { page_token } = query(&request)?;
    let cursor = Cursor::read(&page_token).ok_or_else(|| {
        let why = "`page_token` is not one that was given out";
        Problem::new(Kind::Malformed, why)
    })?;
    let mut share = shared.intake.budget.share();
    let bytes = body::read(&request, &shared.intake.config, &mut share).await?;
    let seen = editing::preview(&shared.intake, &caller, &bytes, cursor).await?;
    let said = json!({
        "version": seen.version,
        "base": seen.base,
        "cannot_follow": seen.cannot_follow,
        "preview": seen.sums,
        "next_page_token": seen.next.map_or_else(String::new, |next| next.token()),
    });
    answer::value(StatusCode::OK, &said)
}

/// What was published, newest first, sources left out.
pub(super) async fn versions(
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Answer {
        versions: Vec<Value>,
        next_page_token: String,
    }
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let page: Page = query(&request)?;
    let Versions { versions, next } =
        editing::versions(&shared.intake, &caller, page.before()?, page.size()).await?;
    let answer = Answer {
        versions: versions.iter().map(described).collect(),
        next_page_token: page::before(next),
    };
    answer::value(StatusCode::OK, &answer)
}

/// One that was published, with its source.
pub(super) async fn version(
    request: HttpRequest,
    shared: web::Data<Shared>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = auth::caller(&request, &shared, Scope::Programme)?;
    let number = number.parse().map_err(|_| {
        let why = "a version is asked for by the number of its publication";
        Problem::new(Kind::NotFound, why)
    })?;
    let found = editing::version(&shared.intake, &caller, number).await?;
    let mut said = described(&found);
    said["source"] = json!(found.source);
    answer::value(StatusCode::OK, &said)
}

/// The one strong tag of `If-Match`.
fn matched(request: &HttpRequest) -> Result<Option<Box<str>>, Problem> {
    let Some(header) = request.headers().get(IF_MATCH) else {
        return Ok(None);
    };
    let text = header.to_str().ok();
    let tag = text.and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'));
    match tag {
        Some(tag) if !tag.contains('"') => Ok(Some(tag.into())),
        _ => Err(Problem::new(
            Kind::Malformed,
            "`If-Match` is not the one `ETag` that `GET /v1/programme` gave",
        )),
    }
}
