//! The core, driven as a caller drives it: states and sealed segments kept by player, everything else handed in and out.

use std::collections::BTreeMap;

use programme::model::Programme;
use progression::{
    Catalogue, Decision, Deliver, History, Outcome, PlayerView, State, Stocks, Subject,
    apply_at_once, change, due, view, wants,
};
use serde_json::Value;
use testkit::oracle::Answer;
use types::{Body, PlayerId, Record, Timestamp};

use crate::holdings::{Holdings, Taken};

/// When a player's state goes through its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Passivate {
    Never,
    Always,
    /// After every so many records.
    Every(usize),
}

/// How a history is folded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) passivate: Passivate,
    /// Whether every player is swept before each record, whoever's it is.
    pub(crate) sweeping: bool,
    /// When the run ends; with the last record where it is not said.
    pub(crate) until: Option<Timestamp>,
}

impl From<Passivate> for How {
    fn from(passivate: Passivate) -> Self {
        Self {
            passivate,
            sweeping: false,
            until: None,
        }
    }
}

/// What came of a history.
#[derive(Debug, PartialEq)]
pub(crate) struct Folded {
    pub(crate) players: Vec<Value>,
    /// Of each player the newest grants: id and status.
    pub(crate) grants: Vec<Vec<(String, String)>>,
    pub(crate) emissions: Vec<Value>,
    pub(crate) outcomes: Vec<Outcome>,
}

/// A player as the caller keeps him.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) state: State,
    pub(crate) segments: BTreeMap<u32, Vec<u8>>,
    /// What versions took of what he had.
    pub(crate) taken: Vec<Taken>,
    /// Of each version that he met.
    names: Catalogue,
}

impl Kept {
    /// Applies a record, fetching the segments that it wants and no others.
    fn apply(
        &mut self,
        programme: &Programme,
        record: &Record,
        deliver: &mut Deliver<'_>,
    ) -> Decision {
        self.names.learn(programme);
        let mut history = History::new();
        for _ in 0..64 {
            let asked = wants(programme, &self.state, &history, record);
            let wanted = match apply_at_once(programme, &mut self.state, &history, record, deliver)
            {
                Ok(decision) => {
                    assert!(asked.is_empty(), "what is not wanted was not needed");
                    self.segments.extend(decision.sealed.iter().cloned());
                    return decision;
                }
                Err(wanted) => wanted,
            };
            assert_eq!(asked, wanted);
            for number in wanted {
                let bytes = self
                    .segments
                    .get(&number)
                    .expect("only sealed segments are wanted");
                history
                    .insert(number, bytes, &self.names)
                    .expect("a segment that was sealed");
            }
        }
        panic!("the core wants segments for ever");
    }

    /// Fires what is due without a record.
    fn sweep(&mut self, programme: &Programme, now: Timestamp) -> Decision {
        self.names.learn(programme);
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        let expected = is_due(self.state.next_timer(programme));
        let mut before = self.state.clone();
        // Another version is met by whatever comes first.
        due(programme, &mut before, self.state.clock());
        let decision = due(programme, &mut self.state, now);
        assert!(expected || before == self.state, "only what is due changes");
        assert!(!is_due(self.state.next_timer(programme)), "all of it fired");
        self.segments.extend(decision.sealed.iter().cloned());
        decision
    }

    /// Another version takes effect.
    fn change(
        &mut self,
        old: &Programme,
        new: &Programme,
        at: Timestamp,
        id: &PlayerId,
    ) -> Decision {
        let mut fired = self.sweep(old, at);
        let held = |programme: &Programme, state: &State| {
            Holdings::of(
                programme,
                &view(programme, state, subject(programme, id), at),
            )
        };
        let before = held(old, &self.state);
        self.names.learn(new);
        let decision = change(old, new, &mut self.state, at);
        assert!(decision.written.is_empty(), "all that was due has fired");
        let taken = before.taken(&held(new, &self.state), new);
        self.taken.extend(taken);
        fired.tells.extend(decision.tells);
        fired
    }

    fn through_bytes(&mut self) {
        let mut bytes = Vec::new();
        self.state.encode(&mut bytes);
        self.state = State::decode(&bytes, &self.names).expect("an encoded state");
    }
}

/// Emissions with their places: by time, timers' first and by player, records' by position.
#[derive(Default)]
struct Said(Vec<(Place, Value)>);

type Place = (Timestamp, bool, PlayerId, u64, usize);

impl Said {
    fn extend(&mut self, subject: Subject<'_>, decision: &Decision, position: u64) {
        for emission in decision.emissions() {
            let id = emission.id(subject).to_string();
            let line = emission.json(subject, &id);
            let of_record = emission.cause().timer().is_none();
            // Records of one time go by their positions, whoever's they are.
            let (player, position) = match of_record {
                true => ("-".parse().expect("a player"), position),
                false => (subject.player.clone(), 0),
            };
            let place = (emission.at(), of_record, player, position, self.0.len());
            let line = serde_json::from_slice(&line).expect("an emission is JSON");
            self.0.push((place, line));
        }
    }

    fn in_order(mut self) -> Vec<Value> {
        self.0.sort_by(|(left, _), (right, _)| left.cmp(right));
        self.0.into_iter().map(|(_, line)| line).collect()
    }
}

/// Folds records of the programme's brand in log order.
pub(crate) fn fold(programme: &Programme, records: &[Record], how: impl Into<How>) -> Folded {
    let (folded, _) = fold_keeping(programme, records, how);
    folded
}

/// As [`fold`], and what a caller has kept in the end.
pub(crate) fn fold_keeping(
    programme: &Programme,
    records: &[Record],
    how: impl Into<How>,
) -> (Folded, BTreeMap<PlayerId, Kept>) {
    fold_versions(&|_| programme, records, how)
}

/// As [`fold_keeping`], each record and what is due before it under the version of its place; the end under that of the place after.
pub(crate) fn fold_versions<'p>(
    version: &dyn Fn(usize) -> &'p Programme,
    records: &[Record],
    how: impl Into<How>,
) -> (Folded, BTreeMap<PlayerId, Kept>) {
    let how = how.into();
    let mut kept: BTreeMap<PlayerId, Kept> = BTreeMap::new();
    let (mut said, mut outcomes) = (Said::default(), Vec::new());
    let mut stocks = Stocks::new();
    // What lapses gives back what others may have: there everything is swept in time.
    let sweeping = how.sweeping || (0..=records.len()).any(|at| version(at).is_shared());
    for (at, record) in (1..).zip(records) {
        let programme = version(at - 1);
        if let Some(before) = records[..at - 1].last()
            && !std::ptr::eq(programme, version(at - 2))
        {
            // What was due before the change goes by what counted then.
            let old = version(at - 2);
            for (id, player) in &mut kept {
                let decision = player.sweep(old, before.recorded_at);
                said.extend(subject(old, id), &decision, 0);
            }
        }
        if at > 1 && matches!(record.body, Body::Programme(_)) {
            for (id, player) in &mut kept {
                let old = version(at - 2);
                let decision = player.change(old, programme, record.recorded_at, id);
                said.extend(subject(old, id), &decision, 0);
                for tell in &decision.tells {
                    stocks.deliver(old, subject(old, id), tell);
                }
            }
        }
        let Body::Event { event, .. } = &record.body else {
            continue;
        };
        if sweeping {
            for (id, player) in &mut kept {
                let decision = player.sweep(programme, record.recorded_at);
                let subject = subject(programme, id);
                said.extend(subject, &decision, 0);
                for tell in &decision.tells {
                    stocks.deliver(programme, subject, tell);
                }
            }
        }
        let player = kept.entry(event.player.clone()).or_default();
        let teller = subject(programme, &event.player);
        let mut deliver = |tell| stocks.deliver(programme, teller, &tell);
        let decision = player.apply(programme, record, &mut deliver);
        let position = record.position.sequence;
        said.extend(subject(programme, &event.player), &decision, position);
        outcomes.push(decision.outcome);
        match how.passivate {
            Passivate::Never => {}
            Passivate::Always => player.through_bytes(),
            Passivate::Every(few) if at % few == 0 => {
                let all = kept.values_mut();
                all.for_each(|player| player.through_bytes());
            }
            Passivate::Every(_) => {}
        }
    }
    let programme = version(records.len());
    let last = records.last().map(|record| record.recorded_at);
    let now = how.until.or(last).unwrap_or(Timestamp::MIN);
    for (id, player) in &mut kept {
        // A reader sees what is due before anybody has fired it.
        let seen = |player: &Kept| view(programme, &player.state, subject(programme, id), now);
        let before = seen(player);
        let decision = player.sweep(programme, now);
        assert_eq!(before, seen(player));
        said.extend(subject(programme, id), &decision, 0);
    }
    let emissions = said.in_order();
    let players = kept.iter().filter(|(_, player)| player.state.is_known());
    let views: Vec<_> = players
        .map(|(id, player)| view(programme, &player.state, subject(programme, id), now))
        .collect();
    let line = |view: &PlayerView| serde_json::to_value(view.line()).expect("a view is JSON");
    let grants = |view: &PlayerView| {
        let grants = view.grants.iter();
        let grants = grants.map(|it| (it.grant_id.to_string(), it.status.to_owned()));
        grants.collect()
    };
    let folded = Folded {
        players: views.iter().map(line).collect(),
        grants: views.iter().map(grants).collect(),
        emissions,
        outcomes,
    };
    (folded, kept)
}

fn subject<'a>(programme: &'a Programme, player: &'a PlayerId) -> Subject<'a> {
    Subject {
        brand: &programme.brand,
        player,
    }
}

/// Where two folds differ first, for a reader.
pub(crate) fn compare(got: &Folded, expected: &testkit::oracle::Outcome) -> Result<(), String> {
    first_difference("emission", &got.emissions, &expected.emissions)?;
    first_difference("player", &got.players, &expected.players)?;
    if got.grants != expected.grants {
        return Err(format!(
            "grants\n     got {:?}\nexpected {:?}",
            got.grants, expected.grants
        ));
    }
    for (at, (got, expected)) in got.outcomes.iter().zip(&expected.answers).enumerate() {
        let agree = matches!(
            (got, expected),
            (Outcome::Applied, Answer::Applied)
                | (Outcome::Replayed, Answer::Replayed)
                | (Outcome::Conflict, Answer::Conflict)
                | (Outcome::Ticked, Answer::Nothing)
        );
        let refused = matches!(
            (got, expected),
            (Outcome::Refused(why), Answer::Refused(code)) if why.code() == *code
        );
        if !agree && !refused {
            return Err(format!("record {at}: got {got:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// The first place where two lists of lines differ.
pub(crate) fn first_difference(
    what: &str,
    got: &[Value],
    expected: &[Value],
) -> Result<(), String> {
    for at in 0..got.len().max(expected.len()) {
        if got.get(at) != expected.get(at) {
            let line = |value: Option<&Value>| {
                value.map_or_else(|| "nothing".to_owned(), Value::to_string)
            };
            return Err(format!(
                "{what} {at}\n     got {}\nexpected {}",
                line(got.get(at)),
                line(expected.get(at))
            ));
        }
    }
    Ok(())
}
