//! What each rule and mission found in an event: kept as runs, since of many rules nearly all find the same.

use programme::model::{MissionIx, RuleIx};

use super::Reason;
use crate::codec::{DecodeError, Reader, Writer};

/// What the rules and missions on an event's type found, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts(Vec<Run>);

/// Rules or missions that follow each other in the programme and found the same.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    first: Subjected,
    count: u16,
    reason: Reason,
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
        self.0
            .iter()
            .flat_map(|run| (0..run.count).map(|at| (run.first.after(at), &run.reason)))
    }

    /// These rules, by rising index, found this.
    pub(crate) fn rules(&mut self, rules: &[RuleIx], reason: Reason) {
        self.all(rules, |ix| ix.0, |ix| Subjected::Rule(*ix), reason);
    }

    /// These missions, by rising index, found this.
    pub(crate) fn missions(&mut self, missions: &[MissionIx], reason: Reason) {
        self.all(missions, |ix| ix.0, |ix| Subjected::Mission(*ix), reason);
    }

    fn all<T>(
        &mut self,
        items: &[T],
        place: fn(&T) -> u16,
        of: fn(&T) -> Subjected,
        reason: Reason,
    ) {
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return;
        };
        if usize::from(place(last) - place(first)) == items.len() - 1 {
            return self.run(of(first), items.len() as u16, reason);
        }
        for item in items {
            self.run(of(item), 1, reason.clone());
        }
    }

    fn run(&mut self, first: Subjected, count: u16, reason: Reason) {
        if let Some(last) = self.0.last_mut()
            && last.reason == reason
            && last.first.after(last.count) == first
        {
            last.count += count;
            return;
        }
        if self.0.is_empty() {
            self.0.reserve(ROOM);
        }
        self.0.push(Run {
            first,
            count,
            reason,
        });
    }

    /// For each run: a mission by the high bit, more than one by the next, the reason in the others.
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.0.len());
        for run in &self.0 {
            let (mission, ix) = match run.first {
                Subjected::Rule(ix) => (0, ix.0),
                Subjected::Mission(ix) => (MISSION, ix.0),
            };
            let several = if run.count > 1 { SEVERAL } else { 0 };
            writer.byte(mission | several | code(&run.reason));
            writer.number(u64::from(ix));
            if run.count > 1 {
                writer.number(u64::from(run.count));
            }
            if let Reason::WhenError(text) = &run.reason {
                writer.text(text);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let run = |reader: &mut Reader<'_>| {
            let byte = reader.byte()?;
            let ix = reader.number16()?;
            let count = match byte & SEVERAL {
                0 => 1,
                _ => reader.number16()?,
            };
            if count == 0 || ix.checked_add(count).is_none() {
                return Err(DecodeError::Invalid("a verdict"));
            }
            Ok(Run {
                first: match byte & MISSION {
                    0 => Subjected::Rule(RuleIx(ix)),
                    _ => Subjected::Mission(MissionIx(ix)),
                },
                count,
                reason: reason(byte & !(MISSION | SEVERAL), reader)?,
            })
        };
        let length = reader.length()?;
        (0..length)
            .map(|_| run(reader))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Runs that most events come to.
const ROOM: usize = 16;
const MISSION: u8 = 0x80;
const SEVERAL: u8 = 0x40;

fn code(reason: &Reason) -> u8 {
    match reason {
        Reason::Counted => 0,
        Reason::When => 1,
        Reason::WhenError(_) => 2,
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

fn reason(code: u8, reader: &mut Reader<'_>) -> Result<Reason, DecodeError> {
    Ok(match code {
        0 => Reason::Counted,
        1 => Reason::When,
        2 => Reason::WhenError(reader.text()?.into()),
        3 => Reason::NoAmount,
        4 => Reason::Weightless,
        5 => Reason::Nothing,
        6 => Reason::Capped,
        7 => Reason::Late,
        8 => Reason::Audience,
        9 => Reason::Locked,
        10 => Reason::Unavailable,
        11 => Reason::Returned,
        12 => Reason::TooMany,
        13 => Reason::Overflow,
        14 => Reason::NotJoined,
        15 => Reason::OtherStep,
        32 => Reason::NoBet,
        33 => Reason::Voided,
        34 => Reason::SettledBefore,
        35 => Reason::Restricted,
        _ => return Err(DecodeError::Invalid("a reason")),
    })
}
