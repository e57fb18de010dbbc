//! One row of the operator's file: cells by column name, or values by path.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

/// A row.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    /// Of a CSV file.
    Csv {
        columns: &'a HashMap<String, usize>,
        cells: &'a csv::StringRecord,
    },
    /// A JSON object.
    Json(&'a Value),
}

impl<'a> Row<'a> {
    /// What stands at a column or path as text, trimmed; `None` where nothing, `null`, or a list or object stands there.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self {
            Self::Csv { columns, cells } => columns
                .get(name)
                .and_then(|&index| cells.get(index))
                .map(|cell| Cow::Borrowed(cell.trim())),
            Self::Json(_) => match self.json(name)? {
                Value::String(text) => Some(Cow::Borrowed(text.trim())),
                Value::Number(number) => Some(Cow::Owned(number.to_string())),
                Value::Bool(truth) => Some(Cow::Owned(truth.to_string())),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            },
        }
    }

    /// What stands at a path of a JSON row: `customer.id`, `lines.0.sku`.
    pub(super) fn json(&self, path: &str) -> Option<&'a Value> {
        let Self::Json(whole) = self else {
            return None;
        };
        path.split('.').try_fold(*whole, |value, step| match value {
            Value::Object(fields) => fields.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }
}
