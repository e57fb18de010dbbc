//! Parser events to a tree.

use std::collections::HashSet;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::{DEPTH_MAX, Key, Kind, Node};
use crate::diagnostics::Problems;
use crate::span::Span;

struct Open {
    start: Span,
    children: Children,
}

enum Children {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        seen: HashSet<String>,
        // The key whose value comes next; `None` inside where the key itself was refused.
        key: Option<Option<Key>>,
    },
}

pub(super) fn tree(source: &str, problems: &mut Problems) -> Option<Node> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(source, options) {
        let (event, span) = match event {
            Ok((event, span)) => (event, place(source, &span)),
            Err(error) => {
                broken(source, &error, problems);
                return None;
            }
        };
        if let Event::DocumentStart(..) = event {
            documents += 1;
            if documents == 2 {
                problems
                    .push(span, "a second document begins here")
                    .expected("one programme a file: nothing after `---`");
                return None;
            }
        }
        refuse_properties(&event, span, problems);
        let done = match event {
            Event::SequenceStart(..) => {
                let children = Children::List(Vec::new());
                open.push(Open {
                    start: span,
                    children,
                });
                None
            }
            Event::MappingStart(..) => {
                let (entries, seen, key) = (Vec::new(), HashSet::new(), None);
                let children = Children::Map { entries, seen, key };
                open.push(Open {
                    start: span,
                    children,
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(Open::close),
            Event::Scalar(text, style, ..) => Some(Node {
                span,
                kind: Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
            }),
            Event::Alias(_) | Event::UnresolvedAlias(_) => Some(Node {
                span,
                kind: Kind::Broken,
            }),
            _ => None,
        };
        // More than both kinds of nesting together allow: the parser bounds each alone.
        if open.len() > DEPTH_MAX {
            too_deep(span, problems);
            return None;
        }
        if let Some(node) = done {
            match open.last_mut() {
                Some(parent) => parent.take(node, problems),
                None => root = Some(node),
            }
        }
    }
    if root.is_none() && problems.is_empty() {
        let nothing = Span::default();
        problems
            .push(nothing, "the file is empty")
            .expected("a programme, which begins with `programme: its_id`");
    }
    root
}

impl Open {
    fn take(&mut self, node: Node, problems: &mut Problems) {
        match &mut self.children {
            Children::List(items) => items.push(node),
            Children::Map { entries, seen, key } => match key.take() {
                None => *key = Some(as_key(node, seen, problems)),
                Some(Some(key)) => entries.push((key, node)),
                Some(None) => {}
            },
        }
    }

    fn close(self) -> Node {
        let first = match &self.children {
            Children::List(items) => items.first().map(|node| node.span),
            Children::Map { entries, .. } => entries.first().map(|(key, _)| key.span),
        };
        // A block collection has no bracket to point at: its first entry stands for it.
        let span = match first {
            Some(first) if self.start.start == self.start.end => first,
            _ => self.start,
        };
        let kind = match self.children {
            Children::List(items) => Kind::List(items),
            Children::Map { entries, .. } => Kind::Map(entries),
        };
        Node { span, kind }
    }
}

fn as_key(node: Node, seen: &mut HashSet<String>, problems: &mut Problems) -> Option<Key> {
    match node.kind {
        Kind::Scalar { text, plain } if !text.is_empty() => {
            if plain && text == "<<" {
                problems
                    .push(node.span, "merge keys are not part of the language")
                    .help("write the fields out");
                return None;
            }
            if !seen.insert(text.clone()) {
                let message = format!("the key `{text}` is here twice");
                problems
                    .push(node.span, message)
                    .expected("each key at most once in a map");
                return None;
            }
            Some(Key {
                span: node.span,
                text,
            })
        }
        _ => {
            node.unexpected(problems, "a word as the key");
            None
        }
    }
}

fn refuse_properties(event: &Event<'_>, span: Span, problems: &mut Problems) {
    if event.is_alias() || matches!(event, Event::UnresolvedAlias(_)) {
        problems
            .push(span, "aliases (`*name`) are not part of the language")
            .help("write the value out");
    } else if event.anchor_id().is_some() {
        problems
            .push(span, "anchors (`&name`) are not part of the language")
            .help("remove the anchor");
    }
    if let Some(tag) = event.tag() {
        let message = format!("tags (`{}`) are not part of the language", tag.original());
        problems
            .push(span, message)
            .help("remove the tag: what a value means follows from its field");
    }
}

fn too_deep(span: Span, problems: &mut Problems) {
    problems
        .push(span, "lists and maps are nested too deep")
        .expected(format!("at most {DEPTH_MAX} levels"));
}

fn broken(source: &str, error: &ScanError, problems: &mut Problems) {
    let start = offset(source, error.marker());
    let width = source[start..].chars().next().map_or(0, char::len_utf8);
    let span = Span {
        start,
        end: start + width,
    };
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(span, problems),
        ErrorKind::DirectiveDisallowed => {
            problems.push(span, "directives (`%`) are not part of the language");
        }
        _ => {
            problems
                .push(span, format!("this is not YAML: {}", error.info()))
                .help("errors after this place are found when it is corrected");
        }
    }
}

fn place(source: &str, span: &granit_parser::Span) -> Span {
    let start = offset(source, &span.start);
    let end = offset(source, &span.end).max(start);
    // A plain scalar's end may lie behind the blanks that follow it.
    let end = start + source[start..end].trim_end().len();
    Span { start, end }
}

fn offset(source: &str, marker: &granit_parser::Marker) -> usize {
    let at = marker.byte_offset().unwrap_or(0).min(source.len());
    source.floor_char_boundary(at)
}
