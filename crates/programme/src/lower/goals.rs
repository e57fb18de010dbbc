//! Goals.

use super::{Lower, PARTS_MAX};
use crate::model::{Duration, EventTypeIx, Goal, PeriodKind, Predicate, Window};
use crate::span::{At, Span};
use crate::syntax::lists::List;
use crate::syntax::mission::{GoalText, StreakWord};
use crate::syntax::scalars::Text;

/// How deep goals of steps, all and any may be nested.
const DEPTH_MAX: usize = 4;
const KINDS: &str = "one of `count`, `sum`, `distinct`, `streak`, `best`, `steps`, `all` or `any`";
/// The most events that the core keeps one by one, for steps and rolling windows.
const EVENTS_MAX: u64 = 1_000;
/// The most days or weeks that the core keeps of a streak.
const UNITS_MAX: u64 = 1_000;
const DAY_NS: i64 = 86_400 * 1_000_000_000;

impl Lower<'_> {
    /// A mission's goal, held within what is kept of its events.
    pub(super) fn goal_of(&mut self, at: &At<GoalText>, window: Window) -> Option<Goal> {
        let goal = self.goal(at, window, 0)?;
        let leaves = goal.leaves();
        if leaves > PARTS_MAX {
            self.problems
                .push(at.span, format!("this goal has {leaves} parts in all"))
                .expected(format!("at most {PARTS_MAX}"));
        }
        let rolling = matches!(window, Window::Rolling { .. });
        let events = goal.events_one_by_one(rolling);
        if events > EVENTS_MAX {
            self.problems
                .push(
                    at.span,
                    format!("this goal needs {events} events, each kept by itself"),
                )
                .expected(format!(
                    "at most {EVENTS_MAX} in steps and in rolling windows"
                ));
        }
        Some(goal)
    }

    fn goal(&mut self, at: &At<GoalText>, window: Window, depth: usize) -> Option<Goal> {
        let text = &at.value;
        let kinds = [
            ("count", text.count.as_ref().map(|at| at.span)),
            ("sum", text.sum.as_ref().map(|at| at.span)),
            ("distinct", text.distinct.as_ref().map(|at| at.span)),
            ("streak", text.streak.as_ref().map(|at| at.span)),
            ("best", text.best.as_ref().map(|at| at.span)),
            ("steps", text.steps.as_ref().map(|at| at.span)),
            ("all", text.all.as_ref().map(|at| at.span)),
            ("any", text.any.as_ref().map(|at| at.span)),
        ];
        let mut named = kinds
            .into_iter()
            .filter_map(|(kind, span)| span.map(|span| (kind, span)));
        let Some((kind, _)) = named.next() else {
            if at.sound {
                self.problems
                    .push(at.span, "this goal does not say what counts")
                    .expected(KINDS);
            }
            return None;
        };
        for (other, span) in named {
            self.problems
                .push(span, format!("a goal is either `{kind}` or `{other}`"))
                .expected(KINDS);
        }
        if let Some(parts) = text
            .steps
            .as_ref()
            .or(text.all.as_ref())
            .or(text.any.as_ref())
        {
            return self.composite(at, kind, parts, window, depth);
        }
        if text.freezes.is_some() && kind != "streak" {
            self.stray("freezes", text.freezes.as_ref().map(|at| at.span), kind);
        }
        // `count` names its event type itself; the others say it with `of`.
        let of = match &text.count {
            Some(count) => {
                self.stray("of", text.of.as_ref().map(|at| at.span), kind);
                Some(count)
            }
            None => self.needed(text.of.as_ref(), at, kind, "of: order"),
        };
        let of = of.and_then(|of| self.counted_type(of));
        let when = self.when(text.when.as_ref(), of);
        let target = self.needed(text.target.as_ref(), at, kind, "target: 5");
        if let Some(streak) = &text.streak {
            return self.streak(text, streak, of, when, window);
        }
        if let Some(amount) = text.sum.as_ref().or(text.best.as_ref()) {
            let amount = self.amount_of(amount, of);
            let target = target.and_then(|target| self.amount_target(target));
            let (amount, of, target, when) = (amount?, of?, target?, when?);
            return Some(match kind {
                "sum" => Goal::Sum {
                    amount,
                    of,
                    target,
                    when,
                },
                _ => Goal::Best {
                    amount,
                    of,
                    target,
                    when,
                },
            });
        }
        let target = target.and_then(|target| self.count_target(target));
        if let Some(distinct) = &text.distinct {
            let attribute = self.distinct(distinct, of);
            return Some(Goal::Distinct {
                attribute: attribute?,
                of: of?,
                target: target?,
                when: when?,
            });
        }
        Some(Goal::Count {
            of: of?,
            target: target?,
            when: when?,
        })
    }

    fn distinct(&mut self, text: &At<Text>, of: Option<EventTypeIx>) -> Option<Box<[Box<str>]>> {
        self.attribute(text, of, "an attribute: `attributes.name`", false)
    }

    fn needed<'t, T>(
        &mut self,
        field: Option<&'t At<T>>,
        goal: &At<GoalText>,
        kind: &str,
        example: &str,
    ) -> Option<&'t At<T>> {
        if field.is_none() && goal.sound {
            let key = example.split(':').next().unwrap_or(example);
            self.problems
                .push(goal.span, format!("a goal of kind `{kind}` needs `{key}`"))
                .expected(format!("`{example}`"));
        }
        field
    }

    fn stray(&mut self, key: &str, span: Option<Span>, kind: &str) {
        if let Some(span) = span {
            self.problems
                .push(span, format!("a goal of kind `{kind}` has no `{key}`"));
        }
    }

    fn composite(
        &mut self,
        at: &At<GoalText>,
        kind: &str,
        parts: &At<List<GoalText>>,
        window: Window,
        depth: usize,
    ) -> Option<Goal> {
        let text = &at.value;
        for (key, span) in [
            ("of", text.of.as_ref().map(|at| at.span)),
            ("target", text.target.as_ref().map(|at| at.span)),
            ("when", text.when.as_ref().map(|at| at.span)),
            ("freezes", text.freezes.as_ref().map(|at| at.span)),
        ] {
            self.stray(key, span, kind);
        }
        if depth == DEPTH_MAX {
            self.problems
                .push(at.span, "goals are nested too deep")
                .expected(format!("at most {DEPTH_MAX} levels"));
            return None;
        }
        self.bounded(Some(parts), PARTS_MAX, "parts of a goal");
        if parts.value.0.is_empty() {
            self.problems
                .push(parts.span, format!("`{kind}` has no goals"))
                .expected("at least one goal");
        }
        let all: Vec<_> = parts
            .value
            .0
            .iter()
            .map(|part| self.goal(part, window, depth + 1))
            .collect();
        let all: Vec<Goal> = all.into_iter().collect::<Option<_>>()?;
        Some(match kind {
            "steps" => Goal::Steps(all),
            "all" => Goal::All(all),
            _ => Goal::Any(all),
        })
    }

    fn streak(
        &mut self,
        text: &GoalText,
        unit: &At<StreakWord>,
        of: Option<EventTypeIx>,
        when: Option<Option<Predicate>>,
        window: Window,
    ) -> Option<Goal> {
        let at = text.target.as_ref()?;
        let target = self.count_target(at)?;
        let most = longest(unit.value.0, window)
            .unwrap_or(UNITS_MAX)
            .min(UNITS_MAX);
        if target > most {
            self.problems
                .push(
                    at.span,
                    format!("a streak of {target} is longer than its window"),
                )
                .expected(format!("at most {most}"));
        }
        let freezes = text.freezes.as_ref().map_or(0, |freezes| freezes.value.0);
        let Some(freezes) = u32::try_from(freezes)
            .ok()
            .filter(|it| *it <= UNITS_MAX as u32)
        else {
            let span = text
                .freezes
                .as_ref()
                .map_or(unit.span, |freezes| freezes.span);
            self.problems
                .push(span, "too many freezes")
                .expected(format!("at most {UNITS_MAX}"));
            return None;
        };
        Some(Goal::Streak {
            unit: unit.value.0,
            of: of?,
            target,
            freezes,
            when: when?,
        })
    }
}

// How many units a window can touch: a month lies in up to six ISO weeks.
fn longest(unit: PeriodKind, window: Window) -> Option<u64> {
    let days = |length: Duration| match length {
        Duration::Elapsed { ns } => u64::try_from(ns / DAY_NS).unwrap_or(0) + 2,
        Duration::Months(months) => u64::from(months) * 31 + 2,
    };
    match (unit, window) {
        (_, Window::Once) => None,
        (PeriodKind::Day, Window::Calendar(PeriodKind::Week)) => Some(7),
        (PeriodKind::Day, Window::Calendar(PeriodKind::Month)) => Some(31),
        (_, Window::Calendar(PeriodKind::Month)) => Some(6),
        (_, Window::Calendar(_)) => Some(1),
        (PeriodKind::Day, Window::AfterStart { length } | Window::Rolling { length }) => {
            Some(days(length))
        }
        (_, Window::AfterStart { length } | Window::Rolling { length }) => {
            Some(days(length) / 7 + 2)
        }
    }
}
