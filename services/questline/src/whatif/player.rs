//! A player under both programmes, and what one programme's fold of him needs.

use programme::model::Programme;
use progression::{Catalogue, Decision, State, Subject, apply_at_once, change, due, try_apply};
use types::{PlayerId, Record, Timestamp};

use super::costs::{Cost, Costs};
use super::rows::{Places, Rows};
use super::tally::{Gain, Tally};
use crate::simulate::{Town, fold_one};

/// A player.
pub(super) struct Player {
    pub(super) today: Half,
    /// `None` until the instant from which the draft counts.
    pub(super) draft: Option<Half>,
}

/// A player under one programme.
#[derive(Default)]
pub(super) struct Half {
    pub(super) state: State,
    pub(super) gain: Gain,
    places: Places,
    /// Where players share something: its timer that is due next.
    next: Option<Timestamp>,
}

/// One programme, and what it has given.
pub(super) struct Side<'p> {
    pub(super) programme: &'p Programme,
    pub(super) tally: Tally,
    /// What players share, where they share anything under either programme.
    pub(super) town: Option<Town<PlayerId>>,
    catalogue: Catalogue,
    costs: Costs,
}

impl<'p> Side<'p> {
    pub(super) fn new(programme: &'p Programme, costs: &[Cost], shared: bool) -> Self {
        let mut catalogue = Catalogue::of(programme);
        let earlier = programme.earlier.iter();
        earlier.for_each(|earlier| catalogue.learn(earlier));
        Self {
            programme,
            tally: Tally::new(programme),
            town: shared.then(Town::default),
            catalogue,
            costs: Costs::of(programme, costs),
        }
    }

    /// Folds a record.
    pub(super) fn fold(
        &mut self,
        player: &PlayerId,
        half: &mut Half,
        record: &Record,
        rows: &mut Rows,
        counts: bool,
    ) -> anyhow::Result<()> {
        let (programme, subject) = (self.programme, self.subject(player));
        let Half { state, places, .. } = half;
        let row = |number| rows.get(places, number);
        let decision = match &mut self.town {
            None => fold_one(&self.catalogue, row, record, |history| {
                try_apply(programme, state, history, record)
            })?,
            Some(town) => {
                let mut deliver = |tell| town.stocks.deliver(programme, subject, &tell);
                fold_one(&self.catalogue, row, record, |history| {
                    apply_at_once(programme, state, history, record, &mut deliver)
                })?
            }
        };
        self.decided(player, half, &decision, rows, counts)
    }

    /// Fires what is due by then.
    pub(super) fn due(
        &mut self,
        player: &PlayerId,
        half: &mut Half,
        at: Timestamp,
        rows: &mut Rows,
        counts: bool,
    ) -> anyhow::Result<()> {
        half.next = None;
        let decision = due(self.programme, &mut half.state, at);
        self.decided(player, half, &decision, rows, counts)
    }

    fn decided(
        &mut self,
        player: &PlayerId,
        half: &mut Half,
        decision: &Decision,
        rows: &mut Rows,
        counts: bool,
    ) -> anyhow::Result<()> {
        if counts {
            self.tally.count(&self.costs, decision, &mut half.gain);
        }
        rows.put(&mut half.places, &decision.sealed)?;
        rows.put(&mut half.places, &decision.cells)?;
        let (programme, subject) = (self.programme, self.subject(player));
        if let Some(town) = &mut self.town {
            town.told(programme, subject, decision);
            let next = half.state.next_timer(programme);
            town.waits(player.clone(), &mut half.next, next);
        }
        Ok(())
    }

    fn subject<'s>(&self, player: &'s PlayerId) -> Subject<'s>
    where
        'p: 's,
    {
        Subject {
            brand: &self.programme.brand,
            player,
        }
    }
}

/// The player as the draft finds him when it takes the programme's place at an instant: as a publication would.
pub(super) fn fork(
    [today, draft]: &mut [Side<'_>; 2],
    player: &PlayerId,
    half: &mut Half,
    at: Timestamp,
    rows: &mut Rows,
) -> anyhow::Result<Half> {
    today.due(player, half, at, rows, false)?;
    let mut forked = Half {
        state: half.state.clone(),
        places: half.places.clone(),
        ..Half::default()
    };
    let decision = change(today.programme, draft.programme, &mut forked.state, at);
    draft.decided(player, &mut forked, &decision, rows, false)?;
    Ok(forked)
}
