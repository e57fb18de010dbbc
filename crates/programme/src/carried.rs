//! What the language has and this version does not carry out yet: refused with a sentence, never ignored.
//!
//! To carry something out is to remove its line here and the test that pins it.

use crate::diagnostics::Problems;
use crate::span::Span;

/// A construct that is parsed and refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotYet {
    Rebasing,
}

impl NotYet {
    fn what(self) -> &'static str {
        match self {
            Self::Rebasing => "policies for changes other than `keep` are",
        }
    }

    /// Refuses the construct at a place.
    pub(crate) fn refuse(self, span: Span, problems: &mut Problems) {
        problems
            .push(
                span,
                format!("{} not carried out by this version yet", self.what()),
            )
            .help("take it out: nothing of a programme is ever ignored");
    }
}
