//! The state as bytes: one flat record with a layout number in front.

use programme::model::{PointsIx, RewardIx, RuleIx};
use types::{MicroPoints, Timestamp};

use super::{Attic, Capped, GrantState, Missions, State, TierState, Usage};
use crate::account::Account;
use crate::catalogue::Catalogue;
use crate::codec::{DecodeError, Reader, Writer};
use crate::effect::{Because, GrantStatus};
use crate::journal::{Filter, Tail};
use crate::orders::OpenOrders;
use crate::period::Period;
use crate::profile::Profile;
use crate::report::Report;
use crate::restriction::Restrictions;
use crate::tier::Term;
use crate::waiting::Waiting;
use crate::zone::Zones;

const LAYOUT: u8 = 10;
/// The one before it, which is still read: its missions are written whole, each.
const WHOLE_MISSIONS: u8 = 9;
/// The one before that, which is still read too: no verdict of the open tail stands in the place of another.
const PLAIN_VERDICTS: u8 = 8;
/// And the one before that: its open orders are written whole, each.
const WHOLE_ORDERS: u8 = 7;
/// What is said of a player as a whole, in one byte.
const COUNTED: u8 = 1;
const ERASED: u8 = 2;
/// Bytes that nearly every state fits into, journal and filter left out.
const ROOM: usize = 2_048;

pub(super) fn encode(state: &State, out: &mut Vec<u8>) {
    state.fetch();
    state.missions.fetch_all();
    out.reserve(ROOM + state.tail.bytes() + state.filter.bytes());
    let mut writer = Writer(out);
    let writer = &mut writer;
    writer.byte(LAYOUT);
    state.names.id().encode(writer);
    writer.position(state.applied);
    writer.time(state.clock);
    writer.number(state.accepted);
    writer.byte(u8::from(state.counted) | (u8::from(state.erased) * ERASED));
    writer.flag(state.repeats);
    state.profile.encode(writer);
    state.restrictions.encode(writer);
    state.zones.encode(writer);
    each(writer, &state.points, Account::encode);
    each(writer, &state.caps, Usage::encode);
    state.missions.encode(writer);
    each(writer, &state.tiers, TierState::encode);
    grants(writer, state);
    state.orders.encode(writer);
    state.attic.encode(writer);
    each(writer, &state.waiting, Waiting::encode);
    writer.number(state.taken);
    state.tail.encode(writer);
    state.filter.encode(writer);
}

pub(super) fn decode(bytes: &[u8], catalogue: &Catalogue) -> Result<State, DecodeError> {
    let mut reader = Reader::new(bytes);
    let reader = &mut reader;
    let layout = reader.byte()?;
    let orders = match layout {
        LAYOUT | WHOLE_MISSIONS | PLAIN_VERDICTS => OpenOrders::decode,
        WHOLE_ORDERS => OpenOrders::decode_whole,
        other => return Err(DecodeError::Layout(other)),
    };
    let missions = match layout {
        LAYOUT => Missions::decode,
        _ => Missions::decode_whole,
    };
    let names = catalogue.read(reader)?;
    let (applied, clock) = (reader.position()?, reader.time()?);
    let (accepted, flags) = (reader.number()?, reader.byte()?);
    if flags > (COUNTED | ERASED) {
        return Err(DecodeError::Invalid("a flag"));
    }
    let state = State {
        applied,
        clock,
        accepted,
        counted: flags & COUNTED != 0,
        erased: flags & ERASED != 0,
        repeats: reader.flag()?,
        profile: Profile::decode(reader)?,
        restrictions: Restrictions::decode(reader)?,
        zones: Zones::decode(reader)?,
        points: read_each(reader, Account::decode)?,
        caps: read_each(reader, Usage::decode)?,
        missions: missions(reader, names.all_missions().len())?,
        tiers: read_each(reader, TierState::decode)?,
        grants: read_grants(reader, clock)?,
        orders: orders(reader)?,
        attic: Attic::decode(reader, catalogue)?,
        waiting: read_each(reader, Waiting::decode)?,
        taken: reader.number()?,
        tail: Tail::decode(reader, catalogue)?,
        filter: Filter::decode(reader)?,
        names,
    };
    let fits = state.points.len() == state.names.all_points().len()
        && state.tiers.len() == state.names.all_tiers().len()
        && state.filter.segments() == state.tail.segment();
    if !reader.is_empty() || !fits {
        return Err(DecodeError::Invalid("a state"));
    }
    Ok(state)
}

fn each<T>(writer: &mut Writer<'_>, items: &[T], encode: impl Fn(&T, &mut Writer<'_>)) {
    writer.length(items.len());
    items.iter().for_each(|item| encode(item, writer));
}

pub(super) fn read_each<T, All: FromIterator<T>>(
    reader: &mut Reader<'_>,
    decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<All, DecodeError> {
    (0..reader.length()?).map(|_| decode(reader)).collect()
}

impl Usage {
    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        match self.of {
            Capped::Rule(ix) => {
                writer.byte(0);
                writer.number(u64::from(ix.0));
            }
            Capped::Points(ix) => {
                writer.byte(1);
                writer.number(u64::from(ix.0));
            }
        }
        self.period.encode(writer);
        writer.time(self.end);
        writer.wide(self.used.0);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let of = match reader.byte()? {
            0 => Capped::Rule(RuleIx(reader.number16()?)),
            1 => Capped::Points(PointsIx(reader.number16()?)),
            _ => return Err(DecodeError::Invalid("a cap")),
        };
        Ok(Self {
            of,
            period: Period::decode(reader)?,
            end: reader.time()?,
            used: MicroPoints(reader.wide()?),
        })
    }
}

impl TierState {
    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.level));
        writer.number(u64::from(self.highest));
        writer.number(self.changes);
        self.term.encode(writer);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            level: reader.number16()?,
            highest: reader.number16()?,
            changes: reader.number()?,
            term: Term::decode(reader)?,
        })
    }
}

/// Each by how long before the next one it was: they lie close.
fn grants(writer: &mut Writer<'_>, state: &State) {
    writer.length(state.grants.len());
    let mut next = state.clock;
    for grant in state.grants.iter().rev() {
        writer.signed(next.nanos() - grant.at.nanos());
        grant.encode(writer);
        next = grant.at;
    }
}

fn read_grants(reader: &mut Reader<'_>, clock: Timestamp) -> Result<Vec<GrantState>, DecodeError> {
    let mut grants = Vec::new();
    let mut next = clock;
    for _ in 0..reader.length()? {
        let at = next.nanos().checked_sub(reader.signed()?);
        next = at
            .and_then(Timestamp::from_nanos)
            .ok_or(DecodeError::Invalid("a grant"))?;
        grants.push(GrantState::decode(next, reader)?);
    }
    grants.reverse();
    Ok(grants)
}

/// A grant's status lies in so many bits, and above it what was reported.
const STATUS_BITS: u32 = 2;

impl GrantState {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.reward.0));
        self.because.encode(writer);
        writer.number(u64::from(self.number));
        writer.byte(GrantStatus::code(self.status) | Report::code(self.report) << STATUS_BITS);
        Report::encode(self.report, writer);
    }

    fn decode(at: Timestamp, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let reward = RewardIx(reader.number16()?);
        let because = Because::decode(reader)?;
        let number = reader.number32()?;
        let codes = reader.byte()?;
        Ok(Self {
            reward,
            because,
            number,
            status: GrantStatus::of_code(codes & ((1 << STATUS_BITS) - 1))?,
            report: Report::decode(codes >> STATUS_BITS, reader)?,
            at,
        })
    }
}

#[cfg(test)]
mod tests;
