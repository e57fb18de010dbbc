//! Programmes as they should look: keys in the order of the reference, two blanks a level, double quotes, at most one blank line in a
//! row, comments where they were.
//!
//! What a programme means never changes: a text that would read back as anything else is not given out. The layout is `pretty_yaml`'s;
//! the order of keys is ours, since only the language knows it.

mod comments;
mod order;
mod tree;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use programme::Diagnostics;
use thiserror::Error;

/// As wide as a whole file: what stands between braces in one line stays so, however long, since a table of such lines is what one reads.
const WIDTH: usize = 1 << 20;
/// One pass may move a comment to where the next one would format it otherwise.
const PASSES: usize = 4;

/// Why a text is not formatted.
#[derive(Debug, Error)]
pub enum FormatError {
    /// It is not the YAML that programmes are written in.
    #[error("{0}")]
    Wrong(Box<Diagnostics>),
    /// It is, in a way that the formatter would not keep.
    #[error("{file_name}: not formatted, since {why}")]
    Unable {
        /// Whose.
        file_name: String,
        /// What would be lost.
        why: String,
    },
}

/// The text as it should look. `file_name` is only shown.
///
/// Formatted again it stays as it is. A programme that is wrong otherwise than in its syntax is formatted as far as its keys are known:
/// the others stand behind them, in the order in which they were.
pub fn format(file_name: &str, source: &str) -> Result<String, FormatError> {
    let wrong = |errors| FormatError::Wrong(Box::new(errors));
    let unable = |why: String| FormatError::Unable {
        file_name: file_name.to_owned(),
        why,
    };
    let means = programme::parse(file_name, source).map_err(wrong)?;
    let said = comments::sorted(source).map_err(unable)?;
    let mut text = source.to_owned();
    for _ in 0..PASSES {
        let next = pass(&text).map_err(unable)?;
        if next == text {
            let kept = programme::parse(file_name, &text).is_ok_and(|it| it == means)
                && comments::sorted(&text).is_ok_and(|it| it == said);
            return match kept {
                true => Ok(text),
                false => Err(unable("it would not say the same any more".to_owned())),
            };
        }
        text = next;
    }
    Err(unable("it has no layout that stays".to_owned()))
}

fn pass(source: &str) -> Result<String, String> {
    let ordered = order::ordered(source)?;
    let options = FormatOptions {
        layout: LayoutOptions {
            print_width: WIDTH,
            indent_width: 2,
            ..LayoutOptions::default()
        },
        language: LanguageOptions {
            trailing_comma: false,
            brace_spacing: false,
            ..LanguageOptions::default()
        },
    };
    let text = pretty_yaml::format_text(&ordered, &options).map_err(|error| error.to_string())?;
    comments::aligned(&ordered, text)
}
