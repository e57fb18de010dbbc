//! The syntax tree of a text, every blank and comment included.

use std::ops::Range;

use yaml_parser::{SyntaxKind, SyntaxNode};

/// The tree, or what of the text is not read.
pub(crate) fn parse(source: &str) -> Result<SyntaxNode, String> {
    yaml_parser::parse(source).map_err(|error| format!("it is not read: {error}"))
}

/// Where a node stands, in bytes.
pub(crate) fn place(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}

/// Where comments stand, in bytes, in the order of the text.
pub(crate) fn comments(tree: &SyntaxNode) -> impl Iterator<Item = Range<usize>> {
    let tokens = tree
        .descendants_with_tokens()
        .filter_map(|it| it.into_token());
    tokens
        .filter(|token| token.kind() == SyntaxKind::COMMENT)
        .map(|token| {
            let range = token.text_range();
            range.start().into()..range.end().into()
        })
}
