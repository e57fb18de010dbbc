//! From what is written to what it means: names resolved, types agreed, everything that cannot be compiled refused.

use types::Decimal;

use super::ast::{Binary, Comparison, Kind, Node};
use super::tree::{Arithmetic, Slot, Tree, Type, What};
use super::{Env, Wrong, fields};

pub(super) fn check(node: &Node, text: &str, env: &Env<'_>) -> Result<Tree, Vec<Wrong>> {
    let mut checker = Checker {
        text,
        env,
        wrongs: Vec::new(),
    };
    let tree = checker.tree(node);
    match tree.and_then(|tree| checker.want(tree, Type::Bool, "a condition")) {
        Some(tree) if checker.wrongs.is_empty() => Ok(tree),
        _ => Err(checker.wrongs),
    }
}

pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    pub(super) env: &'a Env<'a>,
    pub(super) wrongs: Vec<Wrong>,
}

impl Checker<'_> {
    pub(super) fn tree(&mut self, node: &Node) -> Option<Tree> {
        let (ty, what) = match &node.kind {
            Kind::Bool(value) => (Type::Bool, What::Bool(*value)),
            Kind::Number(value) => (Type::Number, What::Number(*value)),
            Kind::Text(value) => (Type::Text, What::Text(value.as_str().into())),
            Kind::Ident(_) | Kind::Select(..) | Kind::Index(..) => {
                let (slot, ty) = fields::resolve(node, self.env)
                    .map_err(|wrong| self.wrongs.push(wrong))
                    .ok()?;
                (ty, What::Get(slot))
            }
            Kind::Call { target, name, args } => {
                return self.call(node.span, target.as_deref(), name, args);
            }
            Kind::Not(inner) => {
                let inner = self.tree(inner)?;
                (
                    Type::Bool,
                    What::Not(Box::new(self.want(
                        inner,
                        Type::Bool,
                        "a condition after `!`",
                    )?)),
                )
            }
            Kind::Minus(inner) => {
                let inner = self.tree(inner)?;
                match self.want(inner, Type::Number, "a number after `-`")? {
                    Tree {
                        what: What::Number(number),
                        ..
                    } => (
                        Type::Number,
                        What::Number(Decimal::ZERO.checked_sub(number)?),
                    ),
                    inner => (Type::Number, What::Minus(Box::new(inner))),
                }
            }
            Kind::And(parts) => (Type::Bool, What::And(self.conditions(parts, "&&")?)),
            Kind::Or(parts) => (Type::Bool, What::Or(self.conditions(parts, "||")?)),
            Kind::List(_) => {
                let wrong = Wrong::new(node.span, "a list can only stand after `in`");
                self.wrongs.push(wrong.expected("value in [\"a\", \"b\"]"));
                return None;
            }
            Kind::Binary(operator, left, right) => {
                return self.binary(node, *operator, left, right);
            }
        };
        Some(Tree {
            span: node.span,
            ty,
            what,
        })
    }

    fn conditions(&mut self, parts: &[Node], sign: &str) -> Option<Vec<Tree>> {
        let found: Vec<_> = parts
            .iter()
            .map(|part| {
                let part = self.tree(part)?;
                self.want(part, Type::Bool, &format!("a condition beside `{sign}`"))
            })
            .collect();
        found.into_iter().collect()
    }

    fn binary(&mut self, node: &Node, operator: Binary, left: &Node, right: &Node) -> Option<Tree> {
        let (ty, what) = match operator {
            Binary::Compare(comparison) => {
                let (left, right) = (self.tree(left), self.tree(right));
                let (left, right) = (left?, right?);
                self.comparable(comparison, &left, &right)?;
                (
                    Type::Bool,
                    What::Compare(comparison, Box::new(left), Box::new(right)),
                )
            }
            Binary::In => (Type::Bool, self.within(left, right)?),
            Binary::Divide => (Type::Number, self.divide(left, right)?),
            Binary::Add => self.arithmetic(Arithmetic::Add, "+", left, right)?,
            Binary::Subtract => self.arithmetic(Arithmetic::Subtract, "-", left, right)?,
            Binary::Multiply => self.arithmetic(Arithmetic::Multiply, "*", left, right)?,
        };
        Some(Tree {
            span: node.span,
            ty,
            what,
        })
    }

    fn arithmetic(
        &mut self,
        operation: Arithmetic,
        sign: &str,
        left: &Node,
        right: &Node,
    ) -> Option<(Type, What)> {
        let what = format!("a number beside `{sign}`");
        let (left, right) = (self.tree(left), self.tree(right));
        let left = left.and_then(|left| self.want(left, Type::Number, &what));
        let right = right.and_then(|right| self.want(right, Type::Number, &what));
        Some((
            Type::Number,
            What::Arithmetic(operation, Box::new(left?), Box::new(right?)),
        ))
    }

    // Division is exact or refused: by a number whose reciprocal is a decimal it is a multiplication.
    fn divide(&mut self, left: &Node, right: &Node) -> Option<What> {
        let (left, right) = (self.tree(left), self.tree(right));
        let left = left.and_then(|left| self.want(left, Type::Number, "a number before `/`"));
        let right = right?;
        let reciprocal = match right.what {
            What::Number(number) => reciprocal(number),
            _ => None,
        };
        let Some(reciprocal) = reciprocal else {
            let wrong = Wrong::new(right.span, "this division is not exact");
            self.wrongs.push(
                wrong
                    .expected("a division by a number such as 2, 5, 100 or 0.25")
                    .help("multiply the other side of the comparison instead".to_owned()),
            );
            return None;
        };
        let by = Tree {
            what: What::Number(reciprocal),
            ..right
        };
        Some(What::Arithmetic(
            Arithmetic::Multiply,
            Box::new(left?),
            Box::new(by),
        ))
    }

    fn within(&mut self, left: &Node, right: &Node) -> Option<What> {
        let value = self.tree(left);
        if let Kind::List(items) = &right.kind {
            let items: Vec<_> = items.iter().map(|item| self.tree(item)).collect();
            let (value, items) = (value?, items.into_iter().collect::<Option<Vec<_>>>()?);
            for item in &items {
                self.comparable(Comparison::Equal, &value, item)?;
            }
            return Some(What::OneOf(Box::new(value), items));
        }
        if let Some(place) = fields::attributes(right) {
            let value = value?;
            let What::Text(key) = value.what else {
                let wrong = Wrong::new(
                    value.span,
                    "only a text can be looked for in the attributes",
                );
                self.wrongs
                    .push(wrong.expected("\"name\" in event.attributes"));
                return None;
            };
            let slot = match place {
                fields::Place::Event => Slot::EventAttribute(Box::new([key])),
                fields::Place::Player => Slot::PlayerAttribute(Box::new([key])),
            };
            return match fields::known(&slot, value.span, self.env) {
                Ok(_) => Some(What::Has(slot)),
                Err(wrong) => {
                    self.wrongs.push(wrong);
                    None
                }
            };
        }
        let list = self.tree(right)?;
        let list = self.want(list, Type::List, "a list after `in`")?;
        Some(What::Within(Box::new(value?), Box::new(list)))
    }

    fn comparable(&mut self, comparison: Comparison, left: &Tree, right: &Tree) -> Option<()> {
        // A text may hold a decimal, so it may be compared with a number.
        let kind = |ty| match ty {
            Type::Number | Type::Text => 0,
            Type::Bool => 1,
            Type::List => 2,
            Type::Any => 3,
        };
        let (one, other) = (kind(left.ty), kind(right.ty));
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let fits = (one == other || one == 3 || other == 3) && one != 2 && other != 2;
        let literal_text = |tree: &Tree, with: &Tree| {
            with.ty == Type::Number
                && matches!(&tree.what, What::Text(text) if text.parse::<Decimal>().is_err())
        };
        if !fits || literal_text(left, right) || literal_text(right, left) {
            let message = format!("{} is compared with {}", say(left.ty), say(right.ty));
            self.wrongs.push(
                Wrong::new(left.span.to(right.span), message).expected("two values of one type"),
            );
            return None;
        }
        if ordered && (one == 1 || other == 1) {
            let message = "conditions have no order".to_owned();
            self.wrongs
                .push(Wrong::new(left.span.to(right.span), message).expected("`==` or `!=`"));
            return None;
        }
        Some(())
    }

    pub(super) fn want(&mut self, tree: Tree, ty: Type, expected: &str) -> Option<Tree> {
        // A text may hold a decimal.
        let number_in_text = ty == Type::Number
            && match &tree.what {
                What::Text(text) => text.parse::<Decimal>().is_ok(),
                _ => tree.ty == Type::Text,
            };
        if tree.ty == ty || tree.ty == Type::Any || number_in_text {
            return Some(tree);
        }
        let message = format!("expected {expected}, found {}", say(tree.ty));
        self.wrongs
            .push(Wrong::new(tree.span, message).expected(expected));
        None
    }
}

fn say(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "a condition",
        Type::Number => "a number",
        Type::Text => "a text",
        Type::List => "a list",
        Type::Any => "an attribute",
    }
}

fn reciprocal(number: Decimal) -> Option<Decimal> {
    let negative = number.is_negative();
    let mut rest = number.mantissa().unsigned_abs();
    if rest == 0 {
        return None;
    }
    // 1 / (rest / 10^scale): every factor 2 and 5 of `rest` is one decimal more.
    let (mut result, mut decimals) = (1i128, 0u8);
    for (factor, other) in [(2, 5), (5, 2)] {
        while rest.is_multiple_of(factor) {
            rest /= factor;
            result = result.checked_mul(other)?;
            decimals = decimals.checked_add(1)?;
        }
    }
    if rest != 1 {
        return None;
    }
    let scaled = result.checked_mul(10i128.checked_pow(u32::from(number.scale()))?)?;
    let mut exact = (scaled, decimals);
    while exact.1 > 0 && exact.0 % 10 == 0 {
        exact = (exact.0 / 10, exact.1 - 1);
    }
    Decimal::new(if negative { -exact.0 } else { exact.0 }, exact.1)
}
