//! What an editor is told where somebody else has published since: who, what that changed, and what to do now.

use ports::Publication;
use programme::{Change, Programme, What};
use serde_json::json;
use similar::TextDiff;

use crate::problem::{Kind, Problem};
use crate::programmes::described;

/// Lines around a change that a difference of texts shows.
const CONTEXT: usize = 2;
/// The most bytes of a difference of texts that is answered, and of the sentences of each list.
const DIFFERENCE_MAX: usize = 64 * 1024;

/// The conflict: what differs between the version that the editor began with, where that is known, else his draft, and the newest.
pub(crate) fn conflict(
    newest: Option<&Publication>,
    began_with: Option<&Publication>,
    draft: &str,
) -> Problem {
    let Some(newest) = newest else {
        let why = "the brand has no programme yet: publish without `base`";
        return Problem::new(Kind::StaleBase, why);
    };
    let (from, what) = match began_with {
        Some(began) => (&*began.source, "base to current"),
        None => (draft, "draft to current"),
    };
    let why = format!(
        "version {} was published at {} by {}, and nothing of yours: put what it changed into the draft, then publish with it as the \
         base",
        newest.version, newest.at, newest.author
    );
    let mut problem = Problem::new(Kind::StaleBase, why)
        .with("current", described(newest))
        .with("difference_of", json!(what));
    if let (Some(before), Some(current)) = (compiled(from), compiled(&newest.source)) {
        let theirs = programme::diff(&before, &current);
        let (changes, left_out) = sentences(&theirs);
        problem = problem
            .with("changes", json!(changes))
            .with("changes_left_out", json!(left_out));
        if let Some(draft) = began_with.and_then(|_| compiled(draft)) {
            let mut yours = programme::diff(&before, &draft);
            yours.retain(|one| theirs.iter().any(|other| meet(one, other)));
            problem = problem.with("also_yours", json!(sentences(&yours).0));
        }
    }
    problem.with("difference", json!(difference(from, &newest.source)))
}

/// A source that was published by a newer server may say what this one cannot read: then the texts alone are compared.
fn compiled(source: &str) -> Option<Programme> {
    programme::compile("", source).ok()
}

/// Whether two changes are about the same: the same fact of a thing, or one of them about the whole thing.
fn meet(one: &Change, other: &Change) -> bool {
    let same = (one.kind, &one.id) == (other.kind, &other.id);
    same && match (&one.what, &other.what) {
        (What::Changed { field: one, .. }, What::Changed { field: other, .. }) => one == other,
        (What::Reordered { .. }, What::Reordered { .. }) => true,
        (What::Running(_) | What::Reordered { .. }, _)
        | (_, What::Running(_) | What::Reordered { .. }) => false,
        _ => true,
    }
}

/// Changes as sentences, and how many more there are than are said.
fn sentences(changes: &[Change]) -> (Vec<String>, usize) {
    let mut bytes = 0;
    let mut said: Vec<String> = Vec::new();
    for change in changes {
        let sentence = change.to_string();
        bytes += sentence.len();
        if bytes > DIFFERENCE_MAX {
            break;
        }
        said.push(sentence);
    }
    let left_out = changes.len() - said.len();
    (said, left_out)
}

/// A unified difference of two texts, cut where it is long.
fn difference(from: &str, to: &str) -> String {
    let lines = TextDiff::from_lines(from, to);
    let mut text = lines.unified_diff().context_radius(CONTEXT).to_string();
    if text.len() > DIFFERENCE_MAX {
        text.truncate(text.floor_char_boundary(DIFFERENCE_MAX));
        text.push_str("\n...\n");
    }
    text
}
