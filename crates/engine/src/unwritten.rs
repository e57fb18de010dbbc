//! Rows of a player's journal that the store may not have yet. Each hides the row of its number.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::fold::{Decided, Segments};

/// What a player's actor keeps until it is durable.
#[derive(Default)]
pub(crate) struct Unwritten {
    /// Sealed segments, by number.
    pub(crate) segments: Segments,
    /// Cells of the filter by number, each with which writing of all cells it is of: they are written in place.
    cells: BTreeMap<u32, (u32, Bytes)>,
}

/// What a checkpoint has made durable of a player: segments up to and with a number, cells up to and with a writing.
#[derive(Clone, Copy)]
pub(crate) struct Durable {
    segment: Option<u32>,
    cells: u32,
}

impl Unwritten {
    /// Keeps what was decided, after which cells have been written so often.
    pub(crate) fn add(&mut self, decided: &mut Decided, cells: u32) {
        self.segments.append(&mut decided.sealed);
        let written = std::mem::take(&mut decided.cells).into_iter();
        self.cells
            .extend(written.map(|(number, bytes)| (number, (cells, bytes))));
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Bytes> {
        let cell = self.cells.get(&number).map(|(_, bytes)| bytes);
        cell.or_else(|| self.segments.get(&number))
    }

    /// All of it, and what is durable once it is written.
    pub(crate) fn rows(&self) -> (Vec<(u32, Bytes)>, Durable) {
        let segments = self.segments.iter();
        let segments = segments.map(|(number, bytes)| (*number, bytes.clone()));
        let cells = self.cells.iter();
        let cells = cells.map(|(number, (_, bytes))| (*number, bytes.clone()));
        let durable = Durable {
            segment: self.segments.keys().next_back().copied(),
            cells: self
                .cells
                .values()
                .map(|(writing, _)| *writing)
                .max()
                .unwrap_or(0),
        };
        (segments.chain(cells).collect(), durable)
    }

    pub(crate) fn forget(&mut self, durable: Durable) {
        if let Some(number) = durable.segment {
            self.segments = match number.checked_add(1) {
                Some(next) => self.segments.split_off(&next),
                None => Segments::new(),
            };
        }
        self.cells
            .retain(|_, (writing, _)| *writing > durable.cells);
    }

    pub(crate) fn bytes(&self) -> usize {
        let cells = self.cells.values().map(|(_, bytes)| bytes.len());
        self.segments.values().map(Bytes::len).chain(cells).sum()
    }
}

impl Durable {
    /// Whether there was anything to be made durable.
    pub(crate) fn is_nothing(self) -> bool {
        self.segment.is_none() && self.cells == 0
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Unwritten;

    fn keeping(segments: &[u32], cells: &[(u32, u32)]) -> Unwritten {
        let bytes = || Bytes::from_static(b"row");
        Unwritten {
            segments: segments.iter().map(|number| (*number, bytes())).collect(),
            cells: cells
                .iter()
                .map(|(number, writing)| (*number, (*writing, bytes())))
                .collect(),
        }
    }

    fn numbers(kept: &Unwritten) -> Vec<u32> {
        kept.rows()
            .0
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn what_came_after_the_capture_is_kept() {
        let (_, durable) = keeping(&[3, 4], &[(90, 1), (91, 1)]).rows();
        // Meanwhile a segment was sealed, and the cells were written again in place.
        let mut kept = keeping(&[3, 4, 5], &[(90, 2), (91, 2), (92, 2)]);
        kept.forget(durable);
        assert_eq!(numbers(&kept), [5, 90, 91, 92]);
        let mut kept = keeping(&[3, 4, 5], &[(90, 1), (91, 1)]);
        kept.forget(durable);
        assert_eq!(numbers(&kept), [5]);
    }

    #[test]
    fn a_capture_of_nothing_forgets_nothing() {
        let (rows, durable) = keeping(&[], &[]).rows();
        assert!(rows.is_empty() && durable.is_nothing());
        let mut kept = keeping(&[0], &[(90, 1)]);
        kept.forget(durable);
        assert_eq!(numbers(&kept), [0, 90]);
    }
}
