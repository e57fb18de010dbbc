//! Tokens to a tree, by precedence climbing. Depth is bounded, and with it every recursion over the tree.

use super::ast::{Binary, Comparison, Kind, Node};
use super::lex::{Token, lex};
use super::{DEPTH_MAX, Wrong};
use crate::span::Span;

pub(super) fn parse(text: &str) -> Result<Node, Wrong> {
    let mut parser = Parser {
        tokens: lex(text)?,
        at: 0,
        depth: 0,
    };
    let node = parser.or()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.leftover()),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
}

impl Parser {
    // The last token is `End` and is never passed.
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Span {
        self.tokens[self.at].1
    }

    fn next(&mut self) -> (Token, Span) {
        let token = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, sign: &str) -> bool {
        let here = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if here {
            self.next();
        }
        here
    }

    fn expect(&mut self, sign: &'static str) -> Result<Span, Wrong> {
        let span = self.span();
        if self.eat(sign) {
            return Ok(span);
        }
        let found = self.peek().describe();
        Err(
            Wrong::new(span, format!("expected `{sign}`, found {found}"))
                .expected(format!("`{sign}`")),
        )
    }

    fn or(&mut self) -> Result<Node, Wrong> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(too_deep(self.span()));
        }
        let node = self.chain("||", Self::and, Kind::Or);
        self.depth -= 1;
        if let Token::Sign("?") = self.peek() {
            return Err(
                Wrong::new(self.span(), "`? :` is not carried by the language")
                    .help("write it with `&&` and `||`".to_owned()),
            );
        }
        node
    }

    fn and(&mut self) -> Result<Node, Wrong> {
        self.chain("&&", Self::relation, Kind::And)
    }

    // A chain of one operator is one node however long it is.
    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Node, Wrong>,
        kind: fn(Vec<Node>) -> Kind,
    ) -> Result<Node, Wrong> {
        let first = part(self)?;
        if !matches!(self.peek(), Token::Sign(found) if *found == sign) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat(sign) {
            parts.push(part(self)?);
        }
        let span = parts[0].span.to(parts[parts.len() - 1].span);
        let depth = 1 + parts.iter().map(|part| part.depth).max().unwrap_or(0);
        bounded(span, depth, kind(parts))
    }

    fn relation(&mut self) -> Result<Node, Wrong> {
        let mut left = self.sum()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("==") => Binary::Compare(Comparison::Equal),
                Token::Sign("!=") => Binary::Compare(Comparison::NotEqual),
                Token::Sign("<") => Binary::Compare(Comparison::Less),
                Token::Sign("<=") => Binary::Compare(Comparison::AtMost),
                Token::Sign(">") => Binary::Compare(Comparison::Greater),
                Token::Sign(">=") => Binary::Compare(Comparison::AtLeast),
                Token::Word(word) if word == "in" => Binary::In,
                _ => return Ok(left),
            };
            self.next();
            let right = self.sum()?;
            left = binary(operator, left, right)?;
        }
    }

    fn sum(&mut self) -> Result<Node, Wrong> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("+") => Binary::Add,
                Token::Sign("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            self.next();
            let right = self.product()?;
            left = binary(operator, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Node, Wrong> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("*") => Binary::Multiply,
                Token::Sign("/") => Binary::Divide,
                Token::Sign("%") => {
                    return Err(
                        Wrong::new(self.span(), "`%` is not carried by the language")
                            .expected("`+`, `-`, `*`, or `/` by a number that divides exactly"),
                    );
                }
                _ => return Ok(left),
            };
            self.next();
            let right = self.unary()?;
            left = binary(operator, left, right)?;
        }
    }

    fn unary(&mut self) -> Result<Node, Wrong> {
        let start = self.span();
        let kind: fn(Box<Node>) -> Kind = match self.peek() {
            Token::Sign("!") => Kind::Not,
            Token::Sign("-") => Kind::Minus,
            _ => return self.member(),
        };
        self.next();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(too_deep(start));
        }
        let operand = self.unary()?;
        self.depth -= 1;
        let (span, depth) = (start.to(operand.span), operand.depth + 1);
        bounded(span, depth, kind(Box::new(operand)))
    }

    fn member(&mut self) -> Result<Node, Wrong> {
        let mut node = self.primary()?;
        loop {
            if self.eat(".") {
                let (token, span) = self.next();
                let Token::Word(name) = token else {
                    let found = token.describe();
                    return Err(Wrong::new(
                        span,
                        format!("expected a field after `.`, found {found}"),
                    )
                    .expected("a field's name"));
                };
                let whole = node.span.to(span);
                if self.eat("(") {
                    let (args, end) = self.list(")")?;
                    let depth = 1 + deepest(&args).max(node.depth);
                    let target = Some(Box::new(node));
                    node = bounded(whole.to(end), depth, Kind::Call { target, name, args })?;
                } else {
                    let depth = node.depth + 1;
                    node = bounded(whole, depth, Kind::Select(Box::new(node), name))?;
                }
            } else if self.eat("[") {
                let index = self.or()?;
                let end = self.expect("]")?;
                let (span, depth) = (node.span.to(end), 1 + node.depth.max(index.depth));
                node = bounded(span, depth, Kind::Index(Box::new(node), Box::new(index)))?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Wrong> {
        let (token, span) = self.next();
        let kind = match token {
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text),
            Token::Word(word) => match word.as_str() {
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                "null" => {
                    return Err(Wrong::new(
                        span,
                        "`null` is not carried by the language: what is absent is missing",
                    )
                    .help("ask with has(…)".to_owned()));
                }
                _ if self.eat("(") => {
                    let (args, end) = self.list(")")?;
                    let depth = 1 + deepest(&args);
                    let (target, name) = (None, word);
                    return bounded(span.to(end), depth, Kind::Call { target, name, args });
                }
                _ => Kind::Ident(word),
            },
            Token::Sign("(") => {
                let inner = self.or()?;
                let end = self.expect(")")?;
                return Ok(Node {
                    span: span.to(end),
                    ..inner
                });
            }
            Token::Sign("[") => {
                let (items, end) = self.list("]")?;
                let depth = 1 + deepest(&items);
                return bounded(span.to(end), depth, Kind::List(items));
            }
            Token::Sign("{") => {
                return Err(Wrong::new(
                    span,
                    "maps (`{…}`) are not carried by the language",
                ));
            }
            other => {
                let wrong = Wrong::new(
                    span,
                    format!("expected a value, found {}", other.describe()),
                );
                return Err(
                    wrong.expected("a field, a number, a text, `true`, `false`, `!`, `(` or `[`")
                );
            }
        };
        bounded(span, 1, kind)
    }

    fn list(&mut self, close: &'static str) -> Result<(Vec<Node>, Span), Wrong> {
        let mut items = Vec::new();
        loop {
            let span = self.span();
            if self.eat(close) {
                return Ok((items, span));
            }
            items.push(self.or()?);
            if !self.eat(",") {
                return Ok((items, self.expect(close)?));
            }
        }
    }

    fn leftover(&self) -> Wrong {
        let found = self.peek().describe();
        let help = match self.peek() {
            Token::Word(word) => match word.to_lowercase().as_str() {
                "and" => Some("did you mean `&&`?"),
                "or" => Some("did you mean `||`?"),
                "is" | "eq" => Some("did you mean `==`?"),
                _ => None,
            },
            _ => None,
        };
        Wrong::new(
            self.span(),
            format!("expected an operator or the end, found {found}"),
        )
        .expected("`&&`, `||`, a comparison, `in`, `+`, `-`, `*` or the end")
        .help(help.map(str::to_owned))
    }
}

fn deepest(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.depth).max().unwrap_or(0)
}

fn binary(operator: Binary, left: Node, right: Node) -> Result<Node, Wrong> {
    let (span, depth) = (left.span.to(right.span), 1 + left.depth.max(right.depth));
    bounded(
        span,
        depth,
        Kind::Binary(operator, Box::new(left), Box::new(right)),
    )
}

fn bounded(span: Span, depth: usize, kind: Kind) -> Result<Node, Wrong> {
    if depth > DEPTH_MAX {
        return Err(too_deep(span));
    }
    Ok(Node { span, depth, kind })
}

fn too_deep(span: Span) -> Wrong {
    Wrong::new(span, "the predicate is nested too deep")
        .expected(format!("at most {DEPTH_MAX} levels"))
}
