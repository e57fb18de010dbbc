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

/// Rules or missions that found the same and lie equally far apart in the programme: side by side where all are on the event's
/// type, further apart where those on several types take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: Subjected,
    /// How far each lies behind the one before it; 1 where there is one.
    stride: u16,
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

    /// How many places it lies behind another of its kind, where it does.
    fn behind(self, other: Self) -> Option<u16> {
        let apart = match (self, other) {
            (Self::Rule(ours), Self::Rule(theirs)) => ours.0.checked_sub(theirs.0),
            (Self::Mission(ours), Self::Mission(theirs)) => ours.0.checked_sub(theirs.0),
            _ => None,
        };
        apart.filter(|apart| *apart > 0)
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
        runs.flat_map(|(run, reason)| {
            (0..run.count).map(move |at| (run.first.after(at.saturating_mul(run.stride)), reason))
        })
    }

    /// These rules, by rising index, found this.
    #[inline]
    pub(crate) fn rules(&mut self, rules: &[RuleIx], reason: &Reason) {
        self.all(rules, |ix| Subjected::Rule(*ix), reason);
    }

    /// These missions, by rising index, found this.
    #[inline]
    pub(crate) fn missions(&mut self, missions: &[MissionIx], reason: &Reason) {
        self.all(missions, |ix| Subjected::Mission(*ix), reason);
    }

    /// The next one counted the event, or found this.
    #[inline]
    pub(crate) fn found(&mut self, of: Subjected, found: Result<(), Reason>) {
        match found {
            Ok(()) => self.one(of, code(&Reason::Counted)),
            Err(reason @ Reason::WhenError(_)) => self.fault(of, &reason),
            Err(reason) => self.one(of, code(&reason)),
        }
    }

    #[inline]
    fn all<T>(&mut self, items: &[T], of: impl Fn(&T) -> Subjected, reason: &Reason) {
        let (first, last) = match items {
            [] => return,
            [only] => (of(only), of(only)),
            [first, .., last] => (of(first), of(last)),
        };
        let code = code(reason);
        // Rises by one from item to item: one look at both ends says so.
        if code == FAULT {
            items.iter().for_each(|item| self.fault(of(item), reason));
        } else if items.len() == 1 {
            self.one(first, code);
        } else if first.after(items.len() as u16 - 1) == last {
            self.side_by_side(first, items.len() as u16, code);
        } else {
            items.iter().for_each(|item| self.one(of(item), code));
        }
    }

    fn side_by_side(&mut self, first: Subjected, count: u16, code: u8) {
        if let Some(last) = self.runs.last_mut()
            && last.code == code
            && last.stride == 1
            && last.first.after(last.count) == first
        {
            last.count += count;
            return;
        }
        self.runs.push(Run {
            first,
            stride: 1,
            count,
            code,
        });
    }

    /// Joins the last run where it is what comes next in it; the second of a run says how far apart its others are.
    #[inline]
    fn one(&mut self, of: Subjected, code: u8) {
        if let Some(last) = self.runs.last_mut()
            && last.code == code
            && let Some(apart) = of.behind(last.first)
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
        self.runs.push(Run {
            first: of,
            stride: 1,
            count: 1,
            code,
        });
    }

    #[cold]
    fn fault(&mut self, of: Subjected, reason: &Reason) {
        let runs = self.runs.len();
        if self.faults.last() == Some(reason) {
            self.one(of, FAULT);
        } else {
            self.runs.push(Run {
                first: of,
                stride: 1,
                count: 1,
                code: FAULT,
            });
        }
        if self.runs.len() > runs {
            self.faults.push(reason.clone());
        }
    }

    /// For each run: a mission by the high bit, more than one by the next, the reason in the others.
    /// Of more than one then how many, and how far apart.
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.runs.len());
        let mut faults = self.faults.iter();
        for run in &self.runs {
            let (mission, ix) = match run.first {
                Subjected::Rule(ix) => (0, ix.0),
                Subjected::Mission(ix) => (MISSION, ix.0),
            };
            let (several, length) = if run.count > 1 { (SEVERAL, 4) } else { (0, 2) };
            let head = mission | several | run.code;
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
                stride,
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

#[cfg(test)]
mod tests {
    use super::{Reader, Reason, RuleIx, Subjected, Verdicts, Writer};

    /// Which rules found that their condition is false, and how many runs that is.
    #[test]
    fn rules_that_lie_equally_far_apart_are_a_run_and_survive_the_round_trip() {
        let far: Vec<u16> = (0..=u16::MAX).step_by(0x5555).collect();
        let apart: Vec<u16> = (0..500).step_by(2).collect();
        let table: [(&[u16], usize); 7] = [
            (&[7], 1),
            (&[0, 1, 2, 3], 1),
            (&[1, 3, 4, 5], 2),
            (&[0, 2, 4, 5, 6], 2),
            (&[0, 1, 3, 6, 10], 3),
            (&apart, 1),
            (&far, 1),
        ];
        for (rules, runs) in table {
            let rules: Vec<RuleIx> = rules.iter().copied().map(RuleIx).collect();
            let mut verdicts = Verdicts::default();
            verdicts.rules(&rules, &Reason::When);
            let read = verdicts.iter();
            let expected = rules.iter().map(|ix| (Subjected::Rule(*ix), &Reason::When));
            assert!(read.eq(expected), "{rules:?}");
            assert_eq!(verdicts.runs.len(), runs, "{rules:?}");
            let mut bytes = Vec::new();
            verdicts.encode(&mut Writer(&mut bytes));
            assert_eq!(Verdicts::decode(&mut Reader::new(&bytes)), Ok(verdicts));
        }
    }
}
