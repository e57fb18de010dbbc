//! Functions: which there are, on what, with what.

use regex::RegexBuilder;

use super::ast::{Kind, Node};
use super::check::Checker;
use super::tree::{Part, TextTest, Tree, Type, What};
use super::{Wrong, fields};
use crate::span::Span;
use crate::spell::{nearest, one_of};

const FUNCTIONS: [&str; 12] = [
    "has",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfWeek",
    "getHours",
    "getMinutes",
];
/// The most bytes of a compiled regular expression.
const REGEX_BYTES_MAX: usize = 256 << 10;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        span: Span,
        target: Option<&Node>,
        name: &str,
        args: &[Node],
    ) -> Option<Tree> {
        let (ty, what) = match (name, target, args) {
            ("has", None, [field]) => (Type::Bool, self.has(field)?),
            ("size", Some(of), []) | ("size", None, [of]) => {
                let of = self.tree(of)?;
                if matches!(of.ty, Type::Bool | Type::Number) {
                    let wrong = Wrong::new(of.span, "only a text, a list or a map has a size");
                    self.wrongs.push(wrong);
                    return None;
                }
                (Type::Number, What::Size(Box::new(of)))
            }
            ("startsWith", Some(text), [part]) => {
                self.text_test(TextTest::StartsWith, text, part)?
            }
            ("endsWith", Some(text), [part]) => self.text_test(TextTest::EndsWith, text, part)?,
            ("contains", Some(text), [part]) => self.text_test(TextTest::Contains, text, part)?,
            ("matches", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
                self.matches(text, pattern)?
            }
            _ => match (part_of_time(name), target, args) {
                (Some(part), Some(time), []) => (Type::Number, self.part(part, time)?),
                _ => {
                    self.wrongs.push(no_such(name, span, self.text));
                    return None;
                }
            },
        };
        Some(Tree { span, ty, what })
    }

    fn has(&mut self, field: &Node) -> Option<What> {
        if !matches!(field.kind, Kind::Select(..)) {
            let wrong = Wrong::new(field.span, "`has` asks for a field")
                .expected("has(event.attributes.name)");
            self.wrongs.push(wrong);
            return None;
        }
        match fields::resolve(field, self.env) {
            Ok((slot, _)) => Some(What::Has(slot)),
            Err(wrong) => {
                self.wrongs.push(wrong);
                None
            }
        }
    }

    fn text_test(&mut self, test: TextTest, text: &Node, part: &Node) -> Option<(Type, What)> {
        let (text, part) = (self.tree(text), self.tree(part));
        let text = text.and_then(|text| self.want(text, Type::Text, "a text"));
        let part = part.and_then(|part| self.want(part, Type::Text, "a text"));
        Some((
            Type::Bool,
            What::TextTest(test, Box::new(text?), Box::new(part?)),
        ))
    }

    fn matches(&mut self, text: &Node, pattern: &Node) -> Option<(Type, What)> {
        let text = self.tree(text);
        let text = text.and_then(|text| self.want(text, Type::Text, "a text"));
        let Kind::Text(written) = &pattern.kind else {
            let wrong = Wrong::new(
                pattern.span,
                "a regular expression has to be a text written here",
            );
            self.wrongs.push(wrong.expected("matches(\"^SW[0-9]+$\")"));
            return None;
        };
        match RegexBuilder::new(written)
            .size_limit(REGEX_BYTES_MAX)
            .nest_limit(64)
            .build()
        {
            Ok(regex) => Some((Type::Bool, What::Matches(Box::new(text?), regex))),
            Err(error) => {
                let reason = error.to_string();
                let last = reason
                    .lines()
                    .last()
                    .unwrap_or("")
                    .trim_start_matches("error: ")
                    .to_owned();
                let wrong = Wrong::new(pattern.span, format!("not a regular expression: {last}"));
                self.wrongs.push(
                    wrong.expected("a regular expression without look-around and back references"),
                );
                None
            }
        }
    }

    fn part(&mut self, part: Part, time: &Node) -> Option<What> {
        let named = matches!(&time.kind, Kind::Select(root, field)
            if field == "occurred_at" && matches!(&root.kind, Kind::Ident(name) if name == "event"));
        if named && self.env.event.is_some() {
            return Some(What::Part(part));
        }
        let wrong = Wrong::new(
            time.span,
            "only `event.occurred_at` is a time, and only where there is an event",
        );
        self.wrongs.push(wrong.expected("event.occurred_at"));
        None
    }
}

fn part_of_time(name: &str) -> Option<Part> {
    Some(match name {
        "getFullYear" => Part::FullYear,
        "getMonth" => Part::Month,
        "getDate" => Part::Date,
        "getDayOfWeek" => Part::DayOfWeek,
        "getHours" => Part::Hours,
        "getMinutes" => Part::Minutes,
        _ => return None,
    })
}

fn no_such(name: &str, span: Span, text: &str) -> Wrong {
    // Point at the name, which stands before the last opening bracket of the call that follows it.
    let written = text.get(span.start..span.end).unwrap_or("");
    let start = written
        .find(&format!("{name}("))
        .map_or(span.start, |at| span.start + at);
    let named = Span {
        start,
        end: (start + name.len()).min(span.end),
    };
    if part_of_time(name).is_some() {
        return Wrong::new(named, format!("`{name}` takes nothing")).expected(format!(
            "event.occurred_at.{name}(), which is in the programme's zone"
        ));
    }
    if FUNCTIONS.contains(&name) {
        return Wrong::new(named, format!("`{name}` is not used like this")).expected(match name {
            "has" => "has(event.attributes.name)".to_owned(),
            "size" => "size(player.segments)".to_owned(),
            _ => format!("event.attributes.name.{name}(\"text\")"),
        });
    }
    Wrong::new(named, format!("`{name}` is not carried by the language"))
        .expected(one_of(FUNCTIONS))
        .help(nearest(name, FUNCTIONS))
}
