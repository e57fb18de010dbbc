//! Which publication of each brand a partition knows, which is in effect where in it, and under which logic version.
//!
//! Part of the fold state: what a head says of it is what stands at its cursor. The first publication of a brand is in effect from
//! the beginning and has no record; each later one is known, then takes effect at its record. A number is heard once: said again, or
//! after a later one, it changes nothing.

use types::{BrandId, Change, Position, Stage, Timestamp};

use crate::codec::{Fields, Put};
use crate::logic::Rules;

mod moves;

use moves::Moves;

/// Activations kept of a brand: the newest. Whoever has stood still for longer passes over older ones.
const KEPT: usize = 256;

/// The first publication of a brand.
pub(crate) const FIRST: u64 = 1;

/// Each brand's publications in one partition, and the logic versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    brands: Vec<Line>,
    pub(crate) logic: Moves,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    brand: BrandId,
    known: Vec<Known>,
    /// Numbers rise.
    active: Vec<Activation>,
}

/// A publication that the partition has heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    number: u64,
    position: Position,
}

/// A publication took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Activation {
    pub(crate) number: u64,
    /// The recorded time: what is due by then is decided by the version before.
    pub(crate) at: Timestamp,
    pub(crate) position: Position,
}

impl Timeline {
    fn line(&self, brand: &BrandId) -> Option<&Line> {
        self.brands.iter().find(|line| line.brand == *brand)
    }

    fn line_mut(&mut self, brand: &BrandId) -> &mut Line {
        let at = self.brands.iter().position(|line| line.brand == *brand);
        let at = at.unwrap_or_else(|| {
            self.brands.push(Line {
                brand: brand.clone(),
                known: Vec::new(),
                active: Vec::new(),
            });
            self.brands.len() - 1
        });
        &mut self.brands[at]
    }

    /// The publication in effect; the first where none has taken effect since.
    pub(crate) fn active(&self, brand: &BrandId) -> u64 {
        let line = self.line(brand);
        let newest = line.and_then(|line| line.active.last());
        newest.map_or(FIRST, |activation| activation.number)
    }

    /// The newest publication that has been heard of.
    pub(crate) fn known(&self, brand: &BrandId) -> u64 {
        let line = self.line(brand);
        let newest = line.and_then(|line| line.known.last());
        let known = newest.map_or(FIRST, |known| known.number);
        known.max(self.active(brand))
    }

    /// Brands whose programme has changed, each with the publication in effect.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&BrandId, u64)> {
        let lines = self.brands.iter();
        lines.map(|line| (&line.brand, self.active(&line.brand)))
    }

    /// What took effect behind one publication, up to another, in order.
    pub(crate) fn between(&self, brand: &BrandId, from: u64, to: u64) -> Vec<Activation> {
        let line = self.line(brand).map_or(&[][..], |line| &line.active);
        let behind = line.iter().filter(|it| it.number > from && it.number <= to);
        behind.copied().collect()
    }

    /// What a record of the brand is folded under.
    pub(crate) fn rules(&self, brand: &BrandId) -> Rules {
        Rules {
            number: self.active(brand),
            logic: self.logic.now(),
        }
    }

    /// What a player of the brand meets from one to the other, in order, each with its time.
    pub(crate) fn steps(&self, brand: &BrandId, from: Rules, to: Rules) -> Vec<(Rules, Timestamp)> {
        let changes = self.between(brand, from.number, to.number).into_iter();
        let changes = changes.map(|it| {
            let step = Rules {
                number: it.number,
                logic: 0,
            };
            ((it.at, it.position), step)
        });
        let moves = self.logic.between(from.logic, to.logic).map(|it| {
            let step = Rules {
                number: 0,
                logic: it.version,
            };
            ((it.at, it.position), step)
        });
        let mut steps: Vec<_> = changes.chain(moves).collect();
        steps.sort_by_key(|(place, _)| *place);
        let mut rules = from;
        let met = steps.into_iter().map(|((at, _), step)| {
            rules = rules.or_newer(step);
            (rules, at)
        });
        met.collect()
    }

    /// Takes in what a record says; whether it is news.
    pub(crate) fn hear(&mut self, change: &Change, position: Position, at: Timestamp) -> bool {
        let newest = match change.stage {
            Stage::Known => self.known(&change.brand),
            Stage::Active => self.active(&change.brand),
        };
        if change.number <= newest {
            return false;
        }
        let line = self.line_mut(&change.brand);
        let number = change.number;
        match change.stage {
            Stage::Known => line.known.push(Known { number, position }),
            Stage::Active => line.active.push(Activation {
                number,
                at,
                position,
            }),
        }
        true
    }

    /// The log is another behind this position: what was heard there stays heard.
    pub(crate) fn keep(&mut self, kept: Position) {
        for line in &mut self.brands {
            let known = line.known.iter_mut().map(|it| &mut it.position);
            let all = known.chain(line.active.iter_mut().map(|it| &mut it.position));
            all.for_each(|position| *position = (*position).min(kept));
        }
        self.logic.keep(kept);
    }

    /// Takes in activations that were left out as too old, where they are not there.
    pub(crate) fn recall(&mut self, older: &Self) {
        for line in &older.brands {
            let own = self.line_mut(&line.brand);
            let oldest = own.active.first().map_or(u64::MAX, |first| first.number);
            let before = line.active.iter().filter(|it| it.number < oldest);
            let before: Vec<Activation> = before.copied().collect();
            own.active.splice(..0, before);
        }
    }

    /// What stood at a position.
    pub(crate) fn until(&self, position: Position) -> Self {
        let mut then = self.clone();
        for line in &mut then.brands {
            line.known.retain(|it| it.position <= position);
            line.active.retain(|it| it.position <= position);
            // What is in effect is known: only what is not yet is worth a word.
            let active = line.active.last().map_or(FIRST, |it| it.number);
            line.known.retain(|it| it.number > active);
            let over = line.active.len().saturating_sub(KEPT);
            line.active.drain(..over);
        }
        then.logic.cut(position);
        then.brands
            .retain(|line| !line.known.is_empty() || !line.active.is_empty());
        then
    }

    /// A field for each publication: of the known ones, then of those that took effect.
    pub(crate) fn fields(&self) -> Vec<(bool, Vec<u8>)> {
        let mut fields = Vec::new();
        for line in &self.brands {
            let start = |number: u64, position: Position| {
                let mut body = Vec::new();
                body.put_bytes(line.brand.as_str().as_bytes());
                body.put_u64(number);
                body.put_u64(position.sequence);
                body.put_u32(position.index);
                body
            };
            let known = line.known.iter();
            fields.extend(known.map(|it| (false, start(it.number, it.position))));
            fields.extend(line.active.iter().map(|it| {
                let mut body = start(it.number, it.position);
                body.put_i64(it.at.nanos());
                (true, body)
            }));
        }
        fields
    }

    /// Takes in such a field; `None` for what this version did not write.
    pub(crate) fn read(&mut self, active: bool, body: &mut Fields<'_>) -> Option<()> {
        let brand = BrandId::new(body.text()?).ok()?;
        let number = body.u64()?;
        let position = Position {
            sequence: body.u64()?,
            index: body.u32()?,
        };
        let at = if active { body.i64()? } else { 0 };
        let at = Timestamp::from_nanos(at)?;
        let stage = if active { Stage::Active } else { Stage::Known };
        let change = Change {
            brand,
            number,
            version: "".into(),
            stage,
        };
        self.hear(&change, position, at).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use types::{BrandId, Change, Position, Stage, Timestamp};

    use super::{KEPT, Timeline};
    use crate::logic::Rules;

    fn brand() -> BrandId {
        BrandId::new("shop").unwrap()
    }

    fn at(sequence: u64) -> Position {
        Position { sequence, index: 0 }
    }

    fn hear(timeline: &mut Timeline, number: u64, stage: Stage, sequence: u64) -> bool {
        let change = Change {
            brand: brand(),
            number,
            version: "v".into(),
            stage,
        };
        let time = Timestamp::from_nanos(i64::try_from(sequence).unwrap()).unwrap();
        timeline.hear(&change, at(sequence), time)
    }

    #[test]
    fn a_publication_is_known_once_and_takes_effect_once() {
        let mut timeline = Timeline::default();
        assert_eq!(
            (timeline.known(&brand()), timeline.active(&brand())),
            (1, 1)
        );
        let table = [
            (1, Stage::Active, false, (1, 1)),
            (2, Stage::Known, true, (2, 1)),
            (2, Stage::Known, false, (2, 1)),
            (2, Stage::Active, true, (2, 2)),
            (2, Stage::Known, false, (2, 2)),
            (2, Stage::Active, false, (2, 2)),
            (3, Stage::Known, true, (3, 2)),
            // The one before comes again, late.
            (2, Stage::Active, false, (3, 2)),
            (3, Stage::Active, true, (3, 3)),
        ];
        for (sequence, (number, stage, news, stands)) in (1..).zip(table) {
            let heard = hear(&mut timeline, number, stage, sequence);
            let is = (timeline.known(&brand()), timeline.active(&brand()));
            assert_eq!((heard, is), (news, stands), "{number} {stage:?}");
        }
        let between = timeline.between(&brand(), 1, 3);
        let numbers: Vec<u64> = between.iter().map(|it| it.number).collect();
        assert_eq!(numbers, [2, 3]);
    }

    #[test]
    fn what_stood_at_a_position_is_what_was_heard_by_then() {
        let mut timeline = Timeline::default();
        hear(&mut timeline, 2, Stage::Known, 5);
        hear(&mut timeline, 2, Stage::Active, 7);
        let stands = |position| {
            let then = timeline.until(at(position));
            (then.known(&brand()), then.active(&brand()))
        };
        assert_eq!(
            [4, 5, 6, 7, 9].map(stands),
            [(1, 1), (2, 1), (2, 1), (2, 2), (2, 2)]
        );
    }

    #[test]
    fn publications_and_logic_versions_are_met_in_the_order_in_which_they_took_effect() {
        let mut timeline = Timeline::default();
        hear(&mut timeline, 2, Stage::Active, 3);
        for (version, sequence) in [(2, 5), (2, 6), (4, 9), (3, 10)] {
            let time = Timestamp::from_nanos(i64::try_from(sequence).unwrap()).unwrap();
            let news = timeline.logic.hear(version, at(sequence), time);
            assert_eq!(news, [5, 9].contains(&sequence), "{version}");
        }
        hear(&mut timeline, 3, Stage::Active, 7);
        let rules = |number, logic| Rules { number, logic };
        let steps = |from, to| {
            let steps = timeline.steps(&brand(), from, to).into_iter();
            steps
                .map(|(it, at)| (it.number, it.logic, at.nanos()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            steps(rules(1, 1), timeline.rules(&brand())),
            [(2, 1, 3), (2, 2, 5), (3, 2, 7), (3, 4, 9)]
        );
        assert_eq!(steps(rules(2, 1), rules(3, 2)), [(2, 2, 5), (3, 2, 7)]);
        assert_eq!(steps(rules(3, 4), rules(3, 4)), []);
        let until = |sequence| timeline.until(at(sequence)).rules(&brand());
        assert_eq!(until(4), rules(2, 1));
        assert_eq!(until(8), rules(3, 2));
    }

    #[test]
    fn the_oldest_are_let_go_and_can_be_recalled() {
        let mut timeline = Timeline::default();
        for number in 2..2_000 {
            hear(&mut timeline, number, Stage::Active, number);
        }
        let mut kept = timeline.until(at(5_000));
        assert_eq!(kept.between(&brand(), 1, u64::MAX).len(), KEPT);
        kept.recall(&timeline);
        assert_eq!(kept, timeline);
    }
}
