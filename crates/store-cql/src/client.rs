//! The statements, prepared, and the only ways to send them: a change under a stamp, a read by pages, a head under a condition.

use std::time::Instant;

use ports::{Stamp, StoreError};
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::row::SerializeRow;
use scylla::statement::Statement as Text;
use scylla::statement::batch::{Batch as Wire, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, Row};
use tokio::sync::Semaphore;

use crate::batch::Batch;
use crate::config::CqlConfig;
use crate::connect::Profiles;
use crate::error::{OpenError, damaged, of_prepare, unread, unset, unwritten};
use crate::metrics;
use crate::people::People;
use crate::programmes::Programmes;
use crate::statements::{Change, Heads, Read, Statement};

/// Rows of a page, where the reader does not say.
const PAGE_ROWS: i32 = 500;

/// A connected store with everything prepared.
pub(crate) struct Client {
    session: Session,
    changes: Vec<PreparedStatement>,
    reads: Vec<PreparedStatement>,
    heads: Vec<PreparedStatement>,
    programmes: Vec<PreparedStatement>,
    people: Vec<PreparedStatement>,
    profiles: Profiles,
    writing: Semaphore,
    reading: Semaphore,
}

/// What is read as all replicas agree, and set as heads are.
pub(crate) trait Agreed: Statement {
    /// Its kind, for metrics.
    fn what(self) -> &'static str;

    /// Where its kind is prepared.
    fn among(self, client: &Client) -> &[PreparedStatement];
}

impl Agreed for Programmes {
    fn what(self) -> &'static str {
        "programme"
    }

    fn among(self, client: &Client) -> &[PreparedStatement] {
        &client.programmes
    }
}

impl Agreed for People {
    fn what(self) -> &'static str {
        "person"
    }

    fn among(self, client: &Client) -> &[PreparedStatement] {
        &client.people
    }
}

/// Some rows, and where the next ones begin.
pub(crate) struct Page<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) next: Option<PagingState>,
}

impl Client {
    pub(crate) async fn new(
        config: &CqlConfig,
        session: Session,
        profiles: Profiles,
    ) -> Result<Self, OpenError> {
        let mut changes = prepared::<Change>(config, &session).await?;
        for change in &mut changes {
            // The same stamp makes repeating harmless.
            change.set_is_idempotent(true);
            change.set_execution_profile_handle(Some(profiles.writes.clone()));
        }
        let mut reads = prepared::<Read>(config, &session).await?;
        for read in &mut reads {
            read.set_is_idempotent(true);
            read.set_page_size(PAGE_ROWS);
            read.set_execution_profile_handle(Some(profiles.reads.clone()));
        }
        let mut heads = prepared::<Heads>(config, &session).await?;
        for head in &mut heads {
            head.set_is_idempotent(false);
            head.set_execution_profile_handle(Some(profiles.heads.clone()));
        }
        heads[Heads::Read.place()].set_consistency(profiles.serial);
        let mut programmes = prepared::<Programmes>(config, &session).await?;
        for (programme, kind) in programmes.iter_mut().zip(Programmes::ALL) {
            programme.set_is_idempotent(kind.reads());
            programme.set_execution_profile_handle(Some(profiles.heads.clone()));
            if kind.reads() && *kind != Programmes::Draft {
                programme.set_consistency(profiles.serial);
            }
        }
        let mut people = prepared::<People>(config, &session).await?;
        for (person, kind) in people.iter_mut().zip(People::ALL) {
            person.set_is_idempotent(kind.reads());
            person.set_execution_profile_handle(Some(profiles.heads.clone()));
            if kind.reads() {
                person.set_consistency(profiles.serial);
            }
        }
        Ok(Self {
            session,
            changes,
            reads,
            heads,
            programmes,
            people,
            profiles,
            writing: Semaphore::new(config.in_flight.writes),
            reading: Semaphore::new(config.in_flight.reads),
        })
    }

    /// Sends a batch under a stamp.
    #[expect(clippy::disallowed_methods, reason = "behind the guard")]
    pub(crate) async fn write(&self, batch: Batch, stamp: Stamp) -> Result<(), StoreError> {
        let started = Instant::now();
        let _permit = self.writing.acquire().await.map_err(closed)?;
        let change = &self.changes[batch.place().table.place()];
        let sent = match batch.lines() {
            [line] => {
                let alone = stamped(change, stamp);
                self.session.execute_unpaged(&alone, line).await
            }
            lines => {
                let mut wire = Wire::new(BatchType::Unlogged);
                for _ in lines {
                    wire.append_statement(change.clone());
                }
                wire.set_timestamp(Some(stamp.0));
                wire.set_is_idempotent(true);
                wire.set_execution_profile_handle(Some(self.profiles.writes.clone()));
                self.session.batch(&wire, lines).await
            }
        };
        let result = sent.map(drop).map_err(|error| unwritten(&error));
        metrics::request("write", started, &result);
        if result.is_ok() {
            metrics::written(&batch);
        }
        result
    }

    /// Deletes under a stamp: what is written under a higher one stays.
    pub(crate) async fn forget(
        &self,
        change: Change,
        values: impl SerializeRow,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let started = Instant::now();
        let _permit = self.writing.acquire().await.map_err(closed)?;
        let statement = stamped(&self.changes[change.place()], stamp);
        let sent = self.session.execute_unpaged(&statement, values).await;
        let result = sent.map(drop).map_err(|error| unwritten(&error));
        metrics::request("write", started, &result);
        result
    }

    /// One page of about `size` rows. A server may cut it anywhere, also to nothing.
    pub(crate) async fn page<R>(
        &self,
        read: Read,
        values: &(impl SerializeRow + Sync),
        size: Option<i32>,
        from: PagingState,
    ) -> Result<Page<R>, StoreError>
    where
        R: for<'row> DeserializeRow<'row, 'row>,
    {
        let started = Instant::now();
        let _permit = self.reading.acquire().await.map_err(closed)?;
        let mut statement = self.reads[read.place()].clone();
        if let Some(size) = size {
            statement.set_page_size(size);
        }
        let asked = self
            .session
            .execute_single_page(&statement, values, from)
            .await;
        let result = asked
            .map_err(|error| unread(&error))
            .and_then(|(rows, next)| {
                Ok(Page {
                    rows: decoded(read, rows)?,
                    next: following(next),
                })
            });
        metrics::request("read", started, &result);
        result
    }

    /// Every row, page by page.
    pub(crate) async fn all<R>(
        &self,
        read: Read,
        values: impl SerializeRow + Sync,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'row> DeserializeRow<'row, 'row>,
    {
        let mut all = Vec::new();
        let mut from = Some(PagingState::start());
        while let Some(state) = from {
            let page = self.page(read, &values, None, state).await?;
            all.extend(page.rows);
            from = page.next;
        }
        Ok(all)
    }

    /// The row of a head, as its replicas agree on it.
    pub(crate) async fn head<R>(&self, partition: i32) -> Result<Option<R>, StoreError>
    where
        R: for<'row> DeserializeRow<'row, 'row>,
    {
        let started = Instant::now();
        let statement = &self.heads[Heads::Read.place()];
        let asked = self
            .session
            .execute_single_page(statement, (partition,), PagingState::start())
            .await;
        let result = asked
            .map_err(|error| unread(&error))
            .and_then(|(rows, _)| decoded(Heads::Read, rows));
        metrics::request("head", started, &result);
        Ok(result?.pop())
    }

    /// Sets a head; whether its condition held.
    pub(crate) async fn set_head(
        &self,
        how: Heads,
        values: impl SerializeRow,
    ) -> Result<bool, StoreError> {
        let started = Instant::now();
        let asked = self
            .session
            .execute_unpaged(&self.heads[how.place()], values)
            .await;
        let result = asked.map_err(|error| unset(&error)).and_then(applied);
        metrics::request("head", started, &result);
        result
    }

    /// Rows of programmes or people, as their replicas agree on them.
    pub(crate) async fn agreed<R>(
        &self,
        read: impl Agreed,
        values: impl SerializeRow,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'row> DeserializeRow<'row, 'row>,
    {
        let started = Instant::now();
        let statement = &read.among(self)[read.place()];
        let asked = self.session.execute_unpaged(statement, values).await;
        let result = asked
            .map_err(|error| unread(&error))
            .and_then(|rows| decoded(read, rows));
        metrics::request(read.what(), started, &result);
        result
    }

    /// Sets something of them under its condition; whether it held.
    pub(crate) async fn condition(
        &self,
        how: impl Agreed,
        values: impl SerializeRow,
    ) -> Result<bool, StoreError> {
        let started = Instant::now();
        let statement = &how.among(self)[how.place()];
        let asked = self.session.execute_unpaged(statement, values).await;
        let result = asked.map_err(|error| unset(&error)).and_then(applied);
        metrics::request(how.what(), started, &result);
        result
    }

    /// Sets a draft.
    pub(crate) async fn set_draft(&self, values: impl SerializeRow) -> Result<(), StoreError> {
        let started = Instant::now();
        let statement = &self.programmes[Programmes::SetDraft.place()];
        let sent = self.session.execute_unpaged(statement, values).await;
        let result = sent.map(drop).map_err(|error| unwritten(&error));
        metrics::request("programme", started, &result);
        result
    }
}

async fn prepared<S: Statement>(
    config: &CqlConfig,
    session: &Session,
) -> Result<Vec<PreparedStatement>, OpenError> {
    let mut all = Vec::with_capacity(S::ALL.len());
    for statement in S::ALL {
        let text = statement.text().replace("{ks}", &config.keyspace);
        let doing = format!("prepare `{text}`");
        let prepared = session
            .prepare(Text::new(text))
            .await
            .map_err(|error| of_prepare(config, &doing, &error))?;
        // A node that is no replica would have to ask one, every time.
        if !prepared.is_token_aware() {
            let why = "the server does not say which values are the key".to_owned();
            return Err(OpenError::Request { doing, why });
        }
        all.push(prepared);
    }
    Ok(all)
}

fn stamped(change: &PreparedStatement, stamp: Stamp) -> PreparedStatement {
    let mut change = change.clone();
    change.set_timestamp(Some(stamp.0));
    change
}

fn decoded<R>(what: impl Statement, result: QueryResult) -> Result<Vec<R>, StoreError>
where
    R: for<'row> DeserializeRow<'row, 'row>,
{
    let what = what.text();
    let rows = result
        .into_rows_result()
        .map_err(|error| damaged(what, &error))?;
    rows.rows::<R>()
        .map_err(|error| damaged(what, &error))?
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(what, &error))
}

fn following(next: PagingStateResponse) -> Option<PagingState> {
    match next {
        PagingStateResponse::HasMorePages { state } => Some(state),
        PagingStateResponse::NoMorePages => None,
    }
}

/// By name: with it come no columns, some or all, as the server likes.
fn applied(result: QueryResult) -> Result<bool, StoreError> {
    let nameless = || StoreError::Unknown("the answer to a condition lacks [applied]".to_owned());
    let rows = result.into_rows_result().map_err(|_| nameless())?;
    let (at, _) = rows
        .column_specs()
        .get_by_name("[applied]")
        .ok_or_else(nameless)?;
    let row: Row = rows.first_row().map_err(|_| nameless())?;
    match row.columns.get(at) {
        Some(Some(CqlValue::Boolean(applied))) => Ok(*applied),
        _ => Err(nameless()),
    }
}

fn closed(_: tokio::sync::AcquireError) -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
