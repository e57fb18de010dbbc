//! What each rule and mission found in an event: kept as runs, since of many rules nearly all find the same.

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

/// Rules or missions that follow each other in the programme and found the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: Subjected,
    count: u16,
    code: u8,
}

/// What judges an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subjected {
    /// An earn rule.
    Rule(RuleIx),
    /// A mission.
    Mission(MissionIx),
}

impl Subjected {
    /// The one so many places further on.
    fn after(self, count: u16) -> Self {
        match self {
            Self::Rule(ix) => Self::Rule(RuleIx(ix.0.saturating_add(count))),
            Self::Mission(ix) => Self::Mission(MissionIx(ix.0.saturating_add(count))),
        }
    }
}

impl Verdicts {
    /// Each rule and mission with what it found.
    pub fn iter(&self) -> impl Iterator<Item = (Subjected, &Reason)> {
        let mut faults = self.faults.iter();
        let said = move |run: &Run| {
            let said = plain(run.code).or_else(|| faults.next());
            (*run, said.unwrap_or(&Reason::When))
        };
        let runs = self.runs.iter().map(said);
        runs.flat_map(|(run, reason)| (0..run.count).map(move |at| (run.first.after(at), reason)))
    }

    /// These rules, by rising index, found this.
    #[inline]
    pub(crate) fn rules(&mut self, rules: &[RuleIx], reason: Reason) {
        self.all(rules, |ix| Subjected::Rule(*ix), reason);
    }

    /// These missions, by rising index, found this.
    #[inline]
    pub(crate) fn missions(&mut self, missions: &[MissionIx], reason: Reason) {
        self.all(missions, |ix| Subjected::Mission(*ix), reason);
    }

    #[inline]
    fn all<T>(&mut self, items: &[T], of: impl Fn(&T) -> Subjected, reason: Reason) {
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return;
        };
        let (first, last, code) = (of(first), of(last), code(&reason));
        if code == FAULT {
            items.iter().for_each(|item| self.fault(of(item), &reason));
        } else if first.after(items.len() as u16 - 1) == last {
            self.run(first, items.len() as u16, code);
        } else {
            items.iter().for_each(|item| self.run(of(item), 1, code));
        }
    }

    fn run(&mut self, first: Subjected, count: u16, code: u8) {
        if let Some(last) = self.runs.last_mut()
            && last.code == code
            && last.first.after(last.count) == first
        {
            last.count += count;
            return;
        }
        self.runs.push(Run { first, count, code });
    }

    #[cold]
    fn fault(&mut self, of: Subjected, reason: &Reason) {
        let runs = self.runs.len();
        if self.faults.last() == Some(reason) {
            self.run(of, 1, FAULT);
        } else {
            self.runs.push(Run {
                first: of,
                count: 1,
                code: FAULT,
            });
        }
        if self.runs.len() > runs {
            self.faults.push(reason.clone());
        }
    }

    /// For each run: a mission by the high bit, more than one by the next, the reason in the others.
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.runs.len());
        let mut faults = self.faults.iter();
        for run in &self.runs {
            let (mission, ix) = match run.first {
                Subjected::Rule(ix) => (0, ix.0),
                Subjected::Mission(ix) => (MISSION, ix.0),
            };
            let several = if run.count > 1 { SEVERAL } else { 0 };
            writer.byte(mission | several | run.code);
            writer.number(u64::from(ix));
            if run.count > 1 {
                writer.number(u64::from(run.count));
            }
            if run.code == FAULT
                && let Some(Reason::WhenError(text)) = faults.next()
            {
                writer.text(text);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = reader.length()?;
        let mut verdicts = Self {
            runs: SmallVec::with_capacity(length),
            faults: Vec::new(),
        };
        for _ in 0..length {
            let byte = reader.byte()?;
            let ix = reader.number16()?;
            let count = match byte & SEVERAL {
                0 => 1,
                _ => reader.number16()?,
            };
            if count == 0 || ix.checked_add(count).is_none() {
                return Err(DecodeError::Invalid("a verdict"));
            }
            let code = byte & !(MISSION | SEVERAL);
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
                count,
                code,
            });
        }
        Ok(verdicts)
    }
}

/// Runs that most events come to.
const ROOM: usize = 16;
const MISSION: u8 = 0x80;
const SEVERAL: u8 = 0x40;
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
