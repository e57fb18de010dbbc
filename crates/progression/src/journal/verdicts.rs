//! What each rule and mission found in an event: what nearly all of them found, and over it what few found otherwise.

use programme::model::{MissionIx, RuleIx};
use smallvec::SmallVec;

use super::Reason;
use crate::codec::{DecodeError, Reader, Writer};

/// What the rules and missions on an event's type found, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    runs: SmallVec<[Run; ROOM]>,
    /// What the runs found whose reason says more than its code, in their order.
    faults: Vec<Reason>,
}

/// Rules or missions that found the same and lie equally far apart in the programme: side by side where all are on the event's
/// type, further apart where those on several types take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: Subjected,
    /// How far each lies behind the one before it; 1 where there is one.
    stride: u16,
    count: u16,
    code: u8,
    /// It stands in the place of what runs before it say of its rules or missions.
    over: bool,
}

/// What judges an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subjected {
    /// An earn rule.
    Rule(RuleIx),
    /// A mission.
    Mission(MissionIx),
}

/// That no condition of all the rules and missions on one type of event holds: what is said of an event before any is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    pub(crate) rules: Verdicts,
    pub(crate) missions: Verdicts,
}

impl Ground {
    pub(crate) fn of(rules: &[RuleIx], missions: &[MissionIx]) -> Self {
        let mut ground = Self::default();
        ground.rules.rules(rules, &Reason::When);
        ground.missions.missions(missions, &Reason::When);
        ground
    }
}

impl Subjected {
    /// The one so many places further on.
    fn after(self, count: u16) -> Self {
        match self {
            Self::Rule(ix) => Self::Rule(RuleIx(ix.0.saturating_add(count))),
            Self::Mission(ix) => Self::Mission(MissionIx(ix.0.saturating_add(count))),
        }
    }

    /// How many places it lies behind another of its kind, where it does not lie before it.
    fn behind(self, other: Self) -> Option<u16> {
        match (self, other) {
            (Self::Rule(ours), Self::Rule(theirs)) => ours.0.checked_sub(theirs.0),
            (Self::Mission(ours), Self::Mission(theirs)) => ours.0.checked_sub(theirs.0),
            _ => None,
        }
    }
}

impl Run {
    fn of(first: Subjected, code: u8, over: bool) -> Self {
        Self {
            first,
            stride: 1,
            count: 1,
            code,
            over,
        }
    }

    fn all(self) -> impl Iterator<Item = Subjected> {
        (0..self.count).map(move |at| self.first.after(at.saturating_mul(self.stride)))
    }

    fn has(self, of: Subjected) -> bool {
        of.behind(self.first).is_some_and(|apart| {
            apart.is_multiple_of(self.stride) && apart / self.stride < self.count
        })
    }
}

impl Verdicts {
    /// Each rule and mission with what it found.
    pub fn iter(&self) -> impl Iterator<Item = (Subjected, &Reason)> {
        let ground = (0..).zip(&self.runs).filter(|(_, run)| !run.over);
        ground.flat_map(move |(at, run)| run.all().map(move |of| (of, self.found_by(at, of))))
    }

    /// What one found of whom a run speaks: another run may do so instead, up to the next that speaks of all.
    fn found_by(&self, at: usize, of: Subjected) -> &Reason {
        let later = (0..).zip(&self.runs).skip(at + 1);
        let mut speaking = later.filter(|(_, run)| run.has(of));
        match speaking.next() {
            Some((later, run)) if run.over => self.reason(later),
            _ => self.reason(at),
        }
    }

    fn reason(&self, at: usize) -> &Reason {
        plain(self.runs[at].code).unwrap_or_else(|| {
            let before = self.runs[..at].iter();
            let before = before.filter(|run| run.code == FAULT).count();
            self.faults.get(before).unwrap_or(&Reason::When)
        })
    }

    /// What all found before any was asked.
    #[inline]
    pub(crate) fn begin(&mut self, ground: &Self) {
        self.runs.extend_from_slice(&ground.runs);
    }

    /// These rules, by rising index, found this.
    pub(crate) fn rules(&mut self, rules: &[RuleIx], reason: &Reason) {
        rules
            .iter()
            .for_each(|ix| self.one(Run::of(Subjected::Rule(*ix), code(reason), false)));
    }

    /// These missions, by rising index, found this.
    pub(crate) fn missions(&mut self, missions: &[MissionIx], reason: &Reason) {
        missions
            .iter()
            .for_each(|ix| self.one(Run::of(Subjected::Mission(*ix), code(reason), false)));
    }

    /// One of those begun with counted the event, or found this.
    #[inline]
    pub(crate) fn found(&mut self, of: Subjected, found: Result<(), Reason>) {
        match found {
            Ok(()) => self.one(Run::of(of, code(&Reason::Counted), true)),
            Err(Reason::When) => {}
            Err(reason @ Reason::WhenError(_)) => self.fault(of, reason),
            Err(reason) => self.one(Run::of(of, code(&reason), true)),
        }
    }

    /// Joins the last run where it is what comes next in it; the second of a run says how far apart its others are.
    #[inline]
    fn one(&mut self, run: Run) {
        if let Some(last) = self.runs.last_mut()
            && (last.code, last.over) == (run.code, run.over)
            && let Some(apart @ 1..) = run.first.behind(last.first)
        {
            if last.count == 1 {
                (last.stride, last.count) = (apart, 2);
                return;
            }
            if u32::from(apart) == u32::from(last.stride) * u32::from(last.count) {
                last.count += 1;
                return;
            }
        }
        self.runs.push(run);
    }

    #[cold]
    fn fault(&mut self, of: Subjected, reason: Reason) {
        let run = Run::of(of, FAULT, true);
        let runs = self.runs.len();
        match self.faults.last() == Some(&reason) {
            true => self.one(run),
            false => self.runs.push(run),
        }
        if self.runs.len() > runs {
            self.faults.push(reason);
        }
    }

    /// For each run: a mission by the high bit, more than one by the next, in the place of another by the one after the next, the
    /// reason in the others. Of more than one then how many, and how far apart.
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.runs.len());
        let mut faults = self.faults.iter();
        for run in &self.runs {
            let (mission, ix) = match run.first {
                Subjected::Rule(ix) => (0, ix.0),
                Subjected::Mission(ix) => (MISSION, ix.0),
            };
            let (several, length) = if run.count > 1 { (SEVERAL, 4) } else { (0, 2) };
            let head = mission | several | (u8::from(run.over) * OVER) | run.code;
            if (ix | run.count | run.stride) < 0x80 {
                // As small numbers are written, at once.
                let run = [head, ix as u8, run.count as u8, run.stride as u8];
                writer.first_of(run, length);
            } else {
                writer.byte(head);
                writer.number(u64::from(ix));
                if run.count > 1 {
                    writer.number(u64::from(run.count));
                    writer.number(u64::from(run.stride));
                }
            }
            if run.code == FAULT
                && let Some(Reason::WhenError(text)) = faults.next()
            {
                writer.text(text);
            }
        }
    }

    /// Reads what was written, also before there was anything in the place of another.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = reader.length()?;
        let mut verdicts = Self {
            runs: SmallVec::with_capacity(length),
            faults: Vec::new(),
        };
        for _ in 0..length {
            let byte = reader.byte()?;
            let ix = reader.number16()?;
            let (count, stride) = match byte & SEVERAL {
                0 => (1, 1),
                _ => (reader.number16()?, reader.number16()?),
            };
            let reach = |behind: u16| ix.checked_add(behind.checked_mul(stride)?);
            if stride == 0 || count.checked_sub(1).and_then(reach).is_none() {
                return Err(DecodeError::Invalid("a verdict"));
            }
            let code = byte & !(MISSION | SEVERAL | OVER);
            match code {
                FAULT => verdicts
                    .faults
                    .push(Reason::WhenError(reader.text()?.into())),
                _ if plain(code).is_some() => {}
                _ => return Err(DecodeError::Invalid("a reason")),
            }
            verdicts.runs.push(Run {
                first: match byte & MISSION {
                    0 => Subjected::Rule(RuleIx(ix)),
                    _ => Subjected::Mission(MissionIx(ix)),
                },
                stride,
                count,
                code,
                over: byte & OVER != 0,
            });
        }
        Ok(verdicts)
    }
}

/// Runs that most events come to.
const ROOM: usize = 8;
const MISSION: u8 = 0x80;
const SEVERAL: u8 = 0x40;
/// No code has this bit.
const OVER: u8 = 0x10;
/// The code of the one reason that says more.
const FAULT: u8 = 2;

#[inline]
fn code(reason: &Reason) -> u8 {
    match reason {
        Reason::Counted => 0,
        Reason::When => 1,
        Reason::WhenError(_) => FAULT,
        Reason::NoAmount => 3,
        Reason::Weightless => 4,
        Reason::Nothing => 5,
        Reason::Capped => 6,
        Reason::Late => 7,
        Reason::Audience => 8,
        Reason::Locked => 9,
        Reason::Unavailable => 10,
        Reason::Returned => 11,
        Reason::TooMany => 12,
        Reason::Overflow => 13,
        Reason::NotJoined => 14,
        Reason::OtherStep => 15,
        Reason::NoBet => 32,
        Reason::Voided => 33,
        Reason::SettledBefore => 34,
        Reason::Restricted => 35,
    }
}

/// The reason of a code, where that says all.
fn plain(code: u8) -> Option<&'static Reason> {
    Some(match code {
        0 => &Reason::Counted,
        1 => &Reason::When,
        3 => &Reason::NoAmount,
        4 => &Reason::Weightless,
        5 => &Reason::Nothing,
        6 => &Reason::Capped,
        7 => &Reason::Late,
        8 => &Reason::Audience,
        9 => &Reason::Locked,
        10 => &Reason::Unavailable,
        11 => &Reason::Returned,
        12 => &Reason::TooMany,
        13 => &Reason::Overflow,
        14 => &Reason::NotJoined,
        15 => &Reason::OtherStep,
        32 => &Reason::NoBet,
        33 => &Reason::Voided,
        34 => &Reason::SettledBefore,
        35 => &Reason::Restricted,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
