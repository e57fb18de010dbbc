//! Editing a programme, the same for HTTP and gRPC: read it, set the draft, publish the draft.

use std::time::Duration;

use ports::{Draft, Publication};
use programme::{Diagnostic, Diagnostics, Programme};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use types::BrandId;

use crate::intake::{Intake, now};
use crate::keys::Caller;
use crate::preview::{self, Preview};
use crate::problem::{Kind, Problem};
use crate::programmes::{InEffect, ProgrammeError, Publish};
use crate::stale;

/// The most bytes of a note.
const NOTE_MAX: usize = 4 * 1024;
/// How often it is looked whether a publication is in effect in every partition here.
const LOOK: Duration = Duration::from_millis(10);
/// Publications that are searched for the version that an editor began with.
const SEARCHED: usize = 100;

/// What is in effect, and what is being edited.
pub(crate) struct Current {
    pub(crate) published: Option<Publication>,
    pub(crate) partitions: Option<InEffect>,
    /// With its content hash.
    pub(crate) draft: Option<(Box<str>, Draft)>,
}

/// What was put.
#[derive(Debug, Serialize)]
pub(crate) struct Edited {
    /// Of the draft.
    pub(crate) version: Box<str>,
    /// What `:publish` is to name as `base`, as things are now.
    pub(crate) base: Option<Box<str>>,
    /// Whether it is a programme of the brand.
    pub(crate) valid: bool,
    /// What is wrong with it.
    pub(crate) errors: Vec<Fault>,
}

/// One thing that is wrong with a draft.
#[derive(Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
    pub(crate) expected: Option<String>,
    pub(crate) help: Option<String>,
}

/// What is to be published.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) base: Option<Box<str>>,
    pub(crate) version: Option<Box<str>>,
    pub(crate) note: Box<str>,
}

/// A publication, and where it is in effect already.
pub(crate) struct Done {
    pub(crate) publication: Publication,
    pub(crate) partitions: InEffect,
}

/// A page of publications.
pub(crate) struct Versions {
    pub(crate) versions: Vec<Publication>,
    /// Ask for those below it next.
    pub(crate) next: Option<u64>,
}

/// The newest publication, and the draft.
pub(crate) async fn get(intake: &Intake, caller: &Caller) -> Result<Current, Problem> {
    let (brand, programmes) = (&caller.brand, &intake.programmes);
    let published = newest(intake, caller).await?;
    let draft = programmes.draft(brand).await?;
    let partitions = match &published {
        Some(newest) => Some(programmes.in_effect(brand, newest.number).await),
        None => None,
    };
    Ok(Current {
        published,
        partitions,
        draft: draft.map(|draft| (programme::version_of(&draft.source).0, draft)),
    })
}

/// Sets the draft.
pub(crate) async fn put(intake: &Intake, caller: &Caller, bytes: &[u8]) -> Result<Edited, Problem> {
    let source = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Kind::Malformed, "the draft is not UTF-8"))?;
    let draft = Draft {
        source: source.into(),
        author: author(caller),
        at: now(),
    };
    let errors = compiled(source, &caller.brand).err().unwrap_or_default();
    intake.programmes.set_draft(&caller.brand, &draft).await?;
    Ok(Edited {
        version: programme::version_of(source).0,
        base: newest(intake, caller).await?.map(|it| it.version),
        valid: errors.is_empty(),
        errors,
    })
}

/// Publishes the draft, and waits a little until it is in effect here.
pub(crate) async fn publish(
    intake: &Intake,
    caller: &Caller,
    asked: Asked,
) -> Result<Done, Problem> {
    let (brand, programmes) = (&caller.brand, &intake.programmes);
    if asked.note.len() > NOTE_MAX {
        let why = format!("`note` is longer than {NOTE_MAX} bytes");
        return Err(Problem::new(Kind::Malformed, why));
    }
    let draft = programmes.draft(brand).await?;
    let draft = draft.ok_or_else(|| {
        Problem::new(
            Kind::NoDraft,
            "there is no draft: `PUT /v1/programme` first",
        )
    })?;
    let version = programme::version_of(&draft.source).0;
    if let Some(meant) = asked.version.filter(|meant| *meant != version) {
        let why = format!(
            "the draft is version {version}, set by {} at {}, not {meant}",
            draft.author, draft.at
        );
        return Err(Problem::new(Kind::DraftChanged, why));
    }
    if asked.base.is_none() && newest(intake, caller).await?.is_some() {
        let why = "say which version the draft was made from: `base`, or `If-Match`";
        return Err(Problem::new(Kind::Malformed, why));
    }
    compiled(&draft.source, brand).map_err(|errors| invalid(&errors))?;
    let base = asked.base.clone();
    let publish = Publish {
        base: asked.base,
        source: draft.source.clone(),
        author: author(caller),
        note: asked.note,
        at: now(),
    };
    let publication = match programmes.publish(brand, publish).await {
        Ok(publication) => publication,
        Err(ProgrammeError::Stale(newest)) => {
            let before = programmes.published(brand, None, SEARCHED).await?;
            let began = before.iter().find(|it| Some(&it.version) == base.as_ref());
            return Err(stale::conflict(newest.as_deref(), began, &draft.source));
        }
        Err(error) => return Err(error.into()),
    };
    let until = Instant::now() + intake.config.publish_timeout;
    let partitions = loop {
        let partitions = programmes.in_effect(brand, publication.number).await;
        if partitions.is_whole() || Instant::now() >= until {
            break partitions;
        }
        tokio::time::sleep(LOOK).await;
    };
    Ok(Done {
        publication,
        partitions,
    })
}

/// Publications below a number, newest first.
pub(crate) async fn versions(
    intake: &Intake,
    caller: &Caller,
    below: Option<u64>,
    limit: usize,
) -> Result<Versions, Problem> {
    let found = intake.programmes.published(&caller.brand, below, limit);
    let versions = found.await?;
    let last = versions.last().map(|it| it.number);
    let whole = versions.len() == limit;
    Ok(Versions {
        next: last.filter(|last| *last > 1 && whole),
        versions,
    })
}

/// One publication.
pub(crate) async fn version(
    intake: &Intake,
    caller: &Caller,
    number: u64,
) -> Result<Publication, Problem> {
    let below = number.saturating_add(1);
    let found = intake.programmes.published(&caller.brand, Some(below), 1);
    let found = found.await?.into_iter().find(|it| it.number == number);
    found.ok_or_else(|| Problem::new(Kind::NotFound, "there is no such version"))
}

/// What is to be looked at, and what is known of it without any player.
pub(crate) struct Previewed {
    /// The draft's content hash.
    pub(crate) version: Box<str>,
    /// The version that is in effect.
    pub(crate) base: Option<Box<str>>,
    /// Why it could not be published as it is.
    pub(crate) cannot_follow: Vec<String>,
    pub(crate) sums: Preview,
    pub(crate) next: Option<preview::Cursor>,
}

/// A page of what a draft would mean for the brand's players: of this text, or where it is empty of the draft that was set.
pub(crate) async fn preview(
    intake: &Intake,
    caller: &Caller,
    bytes: &[u8],
    cursor: preview::Cursor,
) -> Result<Previewed, Problem> {
    let brand = &caller.brand;
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Kind::Malformed, "the draft is not UTF-8"))?;
    let source: Box<str> = match text {
        "" => {
            let draft = intake.programmes.draft(brand).await?;
            let none = "there is no draft: send one, or `PUT /v1/programme` first";
            draft
                .ok_or_else(|| Problem::new(Kind::NoDraft, none))?
                .source
        }
        text => text.into(),
    };
    let draft = compiled(&source, brand).map_err(|errors| invalid(&errors))?;
    let newest = newest(intake, caller).await?;
    let cannot_follow = match &newest {
        Some(newest) => {
            let (programmes, number) = (&intake.programmes, newest.number);
            programmes.refusals(brand, number, &draft).await?
        }
        None => Vec::new(),
    };
    let (sums, next) = preview::page(intake, brand, &source, cursor).await?;
    Ok(Previewed {
        version: draft.version.0,
        base: newest.map(|it| it.version),
        cannot_follow,
        sums,
        next,
    })
}

async fn newest(intake: &Intake, caller: &Caller) -> Result<Option<Publication>, Problem> {
    let newest = intake.programmes.published(&caller.brand, None, 1).await?;
    Ok(newest.into_iter().next())
}

/// The key's id: who has it is the operator's to know.
fn author(caller: &Caller) -> Box<str> {
    format!("key {}", caller.key).into()
}

/// The brand's programme that a text is, or all that is wrong with it.
fn compiled(source: &str, brand: &BrandId) -> Result<Programme, Vec<Fault>> {
    let compiled = programme::compile("draft", source);
    let compiled = compiled.map_err(|errors| faults(&errors))?;
    if compiled.brand == *brand {
        return Ok(compiled);
    }
    Err(vec![Fault {
        line: 1,
        column: 1,
        message: format!(
            "the programme is brand {}'s, the key is not",
            compiled.brand
        ),
        expected: Some(format!("brand: {brand}")),
        help: None,
    }])
}

fn faults(errors: &Diagnostics) -> Vec<Fault> {
    let fault = |one: &Diagnostic| Fault {
        line: one.line,
        column: one.column,
        message: one.message.clone(),
        expected: one.expected.clone(),
        help: one.help.clone(),
    };
    errors.iter().map(fault).collect()
}

/// All errors of a draft, each with its place.
fn invalid(errors: &[Fault]) -> Problem {
    let count = errors.len();
    let plural = if count == 1 { "" } else { "s" };
    let why = format!("the draft has {count} error{plural}");
    Problem::new(Kind::InvalidProgramme, why).with("errors", json!(errors))
}
