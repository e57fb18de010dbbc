//! Which rules and missions an event may count for: those that a look at its attributes does not rule out.
//!
//! Most programmes say `event.attributes.category == "slots"` or the like in most of their rules. Such a condition is looked up, once
//! for each attribute and not once for each rule, so the cost of an event depends on the rules that it touches.

use std::borrow::Cow;
use std::collections::BTreeMap;

use programme::model::{Goal, Guard, Mission, Predicate, Programme};
use smallvec::SmallVec;
use types::{Attributes, Text, Value};

/// The rules and missions on one event type that an event may count for.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    possible: Set,
    /// Those whose guard the event satisfies, so that only the rest of their predicates is to be asked.
    satisfied: Set,
}

/// First the rules, then the missions, each in file order.
#[derive(Clone, Debug)]
struct Set(SmallVec<[u64; 2]>);

/// What is known before the event of the rules and missions on one event type.
#[derive(Debug)]
pub(crate) struct Index {
    all: Candidates,
    guards: Vec<ByAttribute>,
}

/// Those that ask for texts of one attribute.
#[derive(Debug)]
struct ByAttribute {
    name: Box<str>,
    /// Those that do not ask for it.
    others: Candidates,
    /// Those that are satisfied with a text, and the others; sorted by text.
    by_text: Vec<(Text, Candidates)>,
}

impl Set {
    fn none(size: usize) -> Self {
        Self(SmallVec::from_elem(0, size.div_ceil(64)))
    }

    fn add(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn with(&mut self, those: &Self, both: fn(u64, u64) -> u64) {
        let words = self.0.iter_mut().zip(&those.0);
        words.for_each(|(ours, theirs)| *ours = both(*ours, *theirs));
    }
}

impl Candidates {
    fn none(size: usize) -> Self {
        Self {
            possible: Set::none(size),
            satisfied: Set::none(size),
        }
    }

    /// So many of them, none ruled out.
    pub(crate) fn all(size: usize) -> Self {
        let mut all = Self::none(size);
        (0..size).for_each(|at| all.possible.add(at));
        all
    }

    /// The first at `from` or later.
    #[inline]
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let words = &self.possible.0;
        let mut word = from / 64;
        let mut bits = words.get(word)? & (u64::MAX << (from % 64));
        while bits == 0 {
            word += 1;
            bits = *words.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }

    /// Whether the event is known to satisfy its guard.
    #[inline]
    pub(crate) fn satisfies(&self, at: usize) -> bool {
        let word = self.satisfied.0.get(at / 64);
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

/// An index for each event type of the programme.
pub(crate) fn indexes(programme: &Programme) -> Box<[Index]> {
    let types = programme
        .rules_by_type
        .iter()
        .zip(&programme.missions_by_type);
    let index = |(kind, (rules, missions)): (u16, (&Vec<_>, &Vec<_>))| {
        let of_rules = rules.iter().map(|ix: &programme::model::RuleIx| {
            programme.rules[usize::from(ix.0)]
                .when
                .as_ref()
                .and_then(Predicate::guard)
        });
        let of_missions = missions.iter().map(|ix: &programme::model::MissionIx| {
            mission_guard(&programme.missions[usize::from(ix.0)], kind)
        });
        Index::new(&of_rules.chain(of_missions).collect::<Vec<_>>())
    };
    (0..).zip(types).map(index).collect()
}

/// A mission is ruled out where the one part of its goal that counts this type is.
fn mission_guard(mission: &Mission, kind: u16) -> Option<&Guard> {
    match &mission.goal {
        Goal::Count { of, when, .. }
        | Goal::Sum { of, when, .. }
        | Goal::Distinct { of, when, .. }
        | Goal::Streak { of, when, .. }
        | Goal::Best { of, when, .. }
            if of.0 == kind =>
        {
            when.as_ref()?.guard()
        }
        _ => None,
    }
}

impl Index {
    fn new(guards: &[Option<&Guard>]) -> Self {
        let mut names: Vec<&str> = guards
            .iter()
            .flatten()
            .map(|guard| &*guard.attribute)
            .collect();
        names.sort_unstable();
        names.dedup();
        let by_name = names.into_iter().map(|name| ByAttribute::new(name, guards));
        Self {
            all: Candidates::all(guards.len()),
            guards: by_name.collect(),
        }
    }

    /// Those that the event may count for. All others are known to be ruled out by a predicate that is false.
    pub(crate) fn of(&self, attributes: &Attributes) -> Cow<'_, Candidates> {
        let mut found: Option<Cow<'_, Candidates>> = None;
        for guard in &self.guards {
            let those = match attributes.get(&guard.name) {
                // A fault, which only the predicate itself can judge.
                None => continue,
                Some(Value::Text(text)) => guard.satisfied_with(text),
                Some(_) => &guard.others,
            };
            match &mut found {
                // Most programmes ask for one attribute.
                None => found = Some(Cow::Borrowed(those)),
                Some(found) => {
                    let found = found.to_mut();
                    found
                        .possible
                        .with(&those.possible, |ours, theirs| ours & theirs);
                    found
                        .satisfied
                        .with(&those.satisfied, |ours, theirs| ours | theirs);
                }
            }
        }
        found.unwrap_or(Cow::Borrowed(&self.all))
    }
}

impl ByAttribute {
    fn new(name: &str, guards: &[Option<&Guard>]) -> Self {
        let mut others = Candidates::none(guards.len());
        let mut by_text: BTreeMap<&Text, Vec<usize>> = BTreeMap::new();
        for (at, guard) in guards.iter().enumerate() {
            match guard.filter(|guard| *guard.attribute == *name) {
                None => others.possible.add(at),
                Some(guard) => {
                    let texts = guard.texts.iter();
                    texts.for_each(|text| by_text.entry(text).or_default().push(at));
                }
            }
        }
        let satisfied = |(text, asking): (&Text, Vec<usize>)| {
            let mut satisfied = others.clone();
            for at in asking {
                satisfied.possible.add(at);
                satisfied.satisfied.add(at);
            }
            (text.clone(), satisfied)
        };
        Self {
            name: name.into(),
            by_text: by_text.into_iter().map(satisfied).collect(),
            others,
        }
    }

    fn satisfied_with(&self, text: &str) -> &Candidates {
        match self
            .by_text
            .binary_search_by(|(it, _)| it.as_str().cmp(text))
        {
            Ok(at) => &self.by_text[at].1,
            Err(_) => &self.others,
        }
    }
}
