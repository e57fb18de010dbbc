//! A mapping run over a file: every row becomes an event, or is left out with the reason.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io::Read;

use serde_json::Value;
use types::Timestamp;

use super::row::Row;
use super::spec::{Format, SortKey};
use super::{Mapped, MappedEvent, Mapping, MappingError, value};
use crate::lines::{Line, Lines};

/// By what an event is put in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    time: Option<Timestamp>,
    id: String,
    player: String,
}

/// The rows of a file, mapped; in file order.
pub(crate) struct Rows<'m> {
    mapping: &'m Mapping,
    input: Input,
}

enum Input {
    Csv {
        columns: HashMap<String, usize>,
        records: csv::StringRecordsIntoIter<Box<dyn Read>>,
    },
    Jsonl(Lines),
}

impl Mapping {
    /// Runs over a file's text, which is already unpacked; `file_name` says its format where the mapping does not.
    ///
    /// Fails where the header of a CSV file lacks a column that the mapping names.
    pub(crate) fn rows(
        &self,
        file_name: &str,
        text: Box<dyn Read>,
    ) -> Result<Rows<'_>, MappingError> {
        let input = match self.format_of(file_name) {
            Format::Jsonl => Input::Jsonl(Lines::new(text)),
            Format::Csv => self.csv(file_name, text)?,
        };
        Ok(Rows {
            mapping: self,
            input,
        })
    }

    /// Puts events in the mapping's order; what is equal in it stays in file order.
    pub(crate) fn sort(&self, events: &mut [(u64, MappedEvent)]) {
        events.sort_by(|(_, left), (_, right)| {
            let by = |key: &SortKey| match key {
                SortKey::Time => left.order.time.cmp(&right.order.time),
                SortKey::Id => left.order.id.cmp(&right.order.id),
                SortKey::Player => left.order.player.cmp(&right.order.player),
            };
            let sort = &self.compiled.sort;
            sort.iter().map(by).fold(Ordering::Equal, Ordering::then)
        });
    }

    /// Whether the events are put in order at all.
    pub(crate) fn sorts(&self) -> bool {
        !self.compiled.sort.is_empty()
    }

    fn csv(&self, file_name: &str, text: Box<dyn Read>) -> Result<Input, MappingError> {
        let wrong = |why: String| MappingError::Wrong {
            name: self.name.clone(),
            why,
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.compiled.delimiter)
            .flexible(true)
            .from_reader(text);
        let header = reader
            .headers()
            .map_err(|error| wrong(format!("the header of {file_name}: {error}")))?;
        let columns: HashMap<String, usize> = header
            .iter()
            .enumerate()
            .map(|(index, name)| (name.trim_start_matches('\u{feff}').trim().to_owned(), index))
            .collect();
        let unknown: Vec<String> = self
            .compiled
            .columns()
            .into_iter()
            .filter(|column| !columns.contains_key(*column))
            .map(|column| {
                let has = header.iter().collect::<Vec<_>>().join(", ");
                format!("no column `{column}` in {file_name}, which has: {has}")
            })
            .collect();
        if !unknown.is_empty() {
            return Err(wrong(unknown.join("\n")));
        }
        Ok(Input::Csv {
            columns,
            records: reader.into_records(),
        })
    }

    fn map(&self, row: Row<'_>) -> Mapped {
        let compiled = &self.compiled;
        let holds = |conditions: &[super::compile::Condition]| {
            conditions
                .iter()
                .all(|condition| condition.holds(row.text(&condition.column).as_deref()))
        };
        if let Some((reason, _)) = compiled.skips.iter().find(|(_, when)| holds(when)) {
            return Mapped::Skipped(reason.clone());
        }
        let Some(kind) = compiled.kinds.iter().find(|kind| holds(&kind.conditions)) else {
            return Mapped::Skipped("no kind of event fits".to_owned());
        };
        match value::event(kind, row, compiled.zone.as_ref()) {
            Err(why) => Mapped::Unreadable(why),
            Ok((event, time)) => {
                let text = |name: &str| {
                    event
                        .get(name)
                        .and_then(Value::as_str)
                        .unwrap_or("")
                        .to_owned()
                };
                Mapped::Event(MappedEvent {
                    order: Order {
                        time,
                        id: text("id"),
                        player: text("player"),
                    },
                    json: Value::Object(event).to_string().into_bytes(),
                })
            }
        }
    }
}

impl Iterator for Rows<'_> {
    /// The line on which the row begins, from 1, and what became of it; the error is the system's.
    type Item = std::io::Result<(u64, Mapped)>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.input {
            Input::Csv { columns, records } => {
                // The header is line 1, and quoted cells may hold line ends: only the reader knows the line.
                let line = records.reader().position().line();
                Some(match records.next()? {
                    Ok(cells) => {
                        let row = Row::Csv {
                            columns,
                            cells: &cells,
                        };
                        let line = cells.position().map_or(line, csv::Position::line);
                        Ok((line, self.mapping.map(row)))
                    }
                    Err(error) => match error.into_kind() {
                        csv::ErrorKind::Io(error) => Err(error),
                        csv::ErrorKind::Utf8 { .. } => {
                            Ok((line, Mapped::Unreadable("not UTF-8".to_owned())))
                        }
                        _ => Ok((line, Mapped::Unreadable("not a CSV row".to_owned()))),
                    },
                })
            }
            Input::Jsonl(lines) => Some(lines.next()?.map(|(number, line)| {
                let mapped = match line {
                    Line::TooLong => Mapped::Unreadable("a line above 1 MiB".to_owned()),
                    Line::Bytes(bytes) => match serde_json::from_slice::<Value>(&bytes) {
                        Ok(whole @ Value::Object(_)) => self.mapping.map(Row::Json(&whole)),
                        _ => Mapped::Unreadable("not a JSON object".to_owned()),
                    },
                };
                (number, mapped)
            })),
        }
    }
}
