//! Short texts.

/// A text that is kept in place up to 23 bytes, as ids and attributes nearly always are, and shared beyond that: cheap to make and to
/// clone.
pub type Text = smol_str::SmolStr;
