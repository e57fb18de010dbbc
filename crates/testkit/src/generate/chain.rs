//! Programmes that change while they are played: each version of a generated one says of some things what another one says of them.

use std::fmt;

use programme::model::Programme;
use types::{Body, Change, Record, Stage, Timestamp};

use super::shrink::Part;
use super::{Case, Plan, cases, plan_of};
use crate::faulty::Dice;

/// A case whose programme changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The first version, and what was sent.
    pub case: Case,
    /// The others, by time.
    pub versions: Vec<Version>,
}

/// Another version, and when it takes effect: before what is recorded later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub plan: Plan,
}

/// How many versions come after the first, at most.
const VERSIONS_MAX: u64 = 4;

/// Keys that go together, whose values may become another's.
type Groups = &'static [&'static [&'static str]];

const MISSION: Groups = &[
    &["goal"],
    &["window"],
    &["on_change"],
    &["reward", "claim"],
    &["audience"],
    &["on_reversal"],
    &["start"],
    &["limit"],
    &["from", "until"],
];
const RULE: Groups = &[&["on", "give", "when"]];
const BOOST: Groups = &[&["from", "until"], &["on"], &["multiply"]];
const KEYS: [(Part, Groups); 3] = [
    (|plan| &mut plan.missions, MISSION),
    (|plan| &mut plan.earn, RULE),
    (|plan| &mut plan.boosts, BOOST),
];
const SETTINGS: [&str; 2] = ["weights:", "boost_stacking:"];

/// The chains of a seed, one for each history.
pub fn chains(seed: u64, histories: usize) -> Vec<Chain> {
    let dice = Dice::new(seed);
    let chain = |case: Case| {
        let mut times: Vec<Timestamp> = (0..dice.below(VERSIONS_MAX + 1))
            .filter_map(|_| {
                let at = dice.below(case.sent.len() as u64) as usize;
                Some(case.sent.get(at)?.recorded_at)
            })
            .collect();
        times.sort_unstable();
        let mut plan = case.plan.clone();
        let version = |at| {
            plan = changed(&plan, &dice);
            Version {
                at,
                plan: plan.clone(),
            }
        };
        Chain {
            versions: times.into_iter().map(version).collect(),
            case,
        }
    };
    cases(seed, histories).into_iter().map(chain).collect()
}

/// The plan with some of what another says, as far as that is a programme.
fn changed(plan: &Plan, dice: &Dice) -> Plan {
    let mut other = plan_of(dice.next());
    let mut next = plan.clone();
    for (part, keys) in KEYS {
        let theirs = part(&mut other).clone();
        for at in 0..part(&mut next).len() {
            let Some(of) = at.checked_rem(theirs.len()) else {
                continue;
            };
            let line = mixed(&part(&mut next)[at], &theirs[of], keys, dice);
            let before = std::mem::replace(&mut part(&mut next)[at], line);
            if programme::compile("programme.yaml", &next.to_string()).is_err() {
                part(&mut next)[at] = before;
            }
        }
    }
    let said = |line: &String| SETTINGS.iter().any(|key| line.starts_with(key));
    for line in next.settings.iter_mut().filter(|line| said(line)) {
        let key = line.split(':').next().unwrap_or_default();
        let theirs = other.settings.iter().find(|it| it.starts_with(key));
        if let Some(theirs) = theirs.filter(|_| dice.chance(300)) {
            line.clone_from(theirs);
        }
    }
    for (stock, theirs) in next.stocks.iter_mut().zip(&other.stocks) {
        if dice.chance(300) {
            stock.clone_from(theirs);
        }
    }
    for times in &mut next.renames {
        *times += u32::from(dice.chance(150));
    }
    next
}

/// A line with some of its keys' values from another.
fn mixed(line: &str, other: &str, keys: &[&[&str]], dice: &Dice) -> String {
    let mut all = fields(line);
    let theirs = fields(other);
    for group in keys.iter().filter(|_| dice.chance(400)) {
        all.retain(|(key, _)| !group.contains(key));
        all.extend(theirs.iter().filter(|(key, _)| group.contains(key)));
    }
    let all: Vec<String> = all
        .iter()
        .map(|(key, text)| format!("{key}: {text}"))
        .collect();
    format!("{{{}}}", all.join(", "))
}

/// Keys and values of a map in YAML's flow style.
fn fields(line: &str) -> Vec<(&str, &str)> {
    let inner = line
        .strip_prefix('{')
        .and_then(|line| line.strip_suffix('}'))
        .unwrap_or_default();
    let (mut depth, mut quoted, mut from) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, letter) in inner.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[from..]);
    let pairs = parts.into_iter().filter_map(|part| part.split_once(": "));
    pairs.map(|(key, text)| (key.trim(), text.trim())).collect()
}

impl Chain {
    /// What stands in the log: the events, and a record where each version takes effect.
    pub fn records(&self, programme: &Programme) -> Vec<Record> {
        let mut all = self.case.records();
        for (number, version) in (2..).zip(&self.versions) {
            let at = all.partition_point(|record| record.recorded_at <= version.at);
            let before = all[..at].last().map(|record| record.position);
            let record = Record {
                position: before.unwrap_or_default(),
                recorded_at: version.at,
                body: Body::Programme(Change {
                    brand: programme.brand.clone(),
                    number,
                    version: "v".into(),
                    stage: Stage::Active,
                }),
            };
            all.insert(at, record);
        }
        all
    }

    /// Whether every version is a programme.
    pub fn compiles(&self) -> bool {
        let versions = self.versions.iter().map(|version| &version.plan);
        let mut plans = std::iter::once(&self.case.plan).chain(versions);
        plans.all(|plan| programme::compile("programme.yaml", &plan.to_string()).is_ok())
    }

    /// Leaves out versions, events, parts of all versions, and changes, as long as the chain still fails.
    pub fn minimise(self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut chain = self;
        loop {
            let before = chain.clone();
            chain = without_versions(chain, &fails);
            let versions = chain.versions.clone();
            let events = |case: &Case| {
                fails(&Self {
                    case: case.clone(),
                    versions: versions.clone(),
                })
            };
            chain.case = super::shrink::without_events(chain.case, &events);
            chain = without_parts(chain, &fails);
            chain = without_changes(chain, &fails);
            if chain == before {
                return chain;
            }
        }
    }

    fn plans(&mut self) -> impl Iterator<Item = &mut Plan> {
        let versions = self.versions.iter_mut().map(|version| &mut version.plan);
        std::iter::once(&mut self.case.plan).chain(versions)
    }
}

fn without_versions(mut chain: Chain, fails: &impl Fn(&Chain) -> bool) -> Chain {
    for at in (0..chain.versions.len()).rev() {
        let mut smaller = chain.clone();
        smaller.versions.remove(at);
        if fails(&smaller) {
            chain = smaller;
        }
    }
    chain
}

fn without_parts(mut chain: Chain, fails: &impl Fn(&Chain) -> bool) -> Chain {
    for part in super::shrink::PARTS {
        for at in (0..part(&mut chain.case.plan).len()).rev() {
            let mut smaller = chain.clone();
            for plan in smaller.plans() {
                if at < part(plan).len() {
                    part(plan).remove(at);
                }
            }
            if fails(&smaller) {
                chain = smaller;
            }
        }
    }
    chain
}

/// Lets versions say what the one before says.
fn without_changes(mut chain: Chain, fails: &impl Fn(&Chain) -> bool) -> Chain {
    for part in super::shrink::PARTS {
        for version in (0..chain.versions.len()).rev() {
            for at in (0..part(&mut chain.case.plan).len()).rev() {
                let mut smaller = chain.clone();
                let mut plans: Vec<&mut Plan> = smaller.plans().collect();
                let was = part(plans[version]).get(at).cloned();
                let Some((is, was)) = part(plans[version + 1]).get_mut(at).zip(was) else {
                    continue;
                };
                if *is != was {
                    *is = was;
                    if fails(&smaller) {
                        chain = smaller;
                    }
                }
            }
        }
    }
    chain
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.case.fmt(f)?;
        let versions = (2..).zip(&self.versions);
        versions.into_iter().try_for_each(|(number, version)| {
            let Version { at, plan } = version;
            writeln!(f, "--- programme-{number}.yaml, from {at} on\n{plan}")
        })
    }
}
