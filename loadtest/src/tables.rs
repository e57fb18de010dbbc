//! Tables of a Markdown page, made from the figures: what stands between `<!-- bench:NAME -->` and `<!-- bench:end -->` is replaced.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};

use crate::figures::{Figure, Part};
use crate::thresholds::{Bar, Thresholds};

const END: &str = "<!-- bench:end -->";
/// The block that lists every bar.
const BARS: &str = "bars";

/// The page with its tables made anew. A block of a part that was not measured stays as it is; a block that no part has is an error.
pub fn regenerate(
    page: &str,
    names: &[&str],
    parts: &[Part],
    thresholds: &Thresholds,
) -> Result<String> {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, behind)) = rest.split_once("<!-- bench:") {
        let (name, behind) = behind
            .split_once(" -->")
            .context("a marker that is not closed")?;
        let (old, behind) = behind.split_once(END).context("a block without an end")?;
        ensure!(
            name == BARS || names.contains(&name),
            "no part is called {name}"
        );
        let new = match parts.iter().find(|part| part.name == name) {
            Some(part) => table(part, thresholds),
            None if name == BARS => bars(parts, thresholds),
            None => old.trim().to_owned(),
        };
        write!(
            out,
            "{before}<!-- bench:{name} -->\n{}\n{END}",
            new.trim_end()
        )?;
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn table(part: &Part, thresholds: &Thresholds) -> String {
    let several = part.figures.iter().any(|figure| figure.runs.len() > 1);
    let reduced = if part.quick {
        " **Reduced sizes: not the figures to judge by.**"
    } else {
        ""
    };
    let mut out = format!("{} {} cores.{reduced}\n\n", part.how, part.cores);
    let range = |figure: &Figure| {
        let (lowest, highest) = figure.range();
        format!(" {} to {} |", number(lowest), number(highest))
    };
    out += if several {
        "| | median | runs | bar |\n|---|---|---|---|\n"
    } else {
        "| | | bar |\n|---|---|---|\n"
    };
    for figure in &part.figures {
        let runs = if several {
            range(figure)
        } else {
            String::new()
        };
        let bar = thresholds.on(&figure.id).map_or_else(String::new, |bar| {
            format!(
                "{}: {}",
                limit(bar),
                bar.judge(std::slice::from_ref(part)).0.as_str()
            )
        });
        out += &format!(
            "| {} | {} {} |{runs} {bar} |\n",
            figure.what,
            number(figure.median()),
            figure.unit
        );
    }
    out
}

fn bars(parts: &[Part], thresholds: &Thresholds) -> String {
    let mut out = String::from("| figure | measured | bar | |\n|---|---|---|---|\n");
    for bar in &thresholds.bars {
        let (verdict, value) = bar.judge(parts);
        let value = value.map_or_else(String::new, number);
        out += &format!(
            "| `{}` | {value} | {} | {} |\n",
            bar.figure,
            limit(bar),
            verdict.as_str()
        );
    }
    out
}

/// A bar in words.
pub fn limit(bar: &Bar) -> String {
    let side = match (bar.at_most, bar.at_least) {
        (Some(most), _) => format!("<= {}", number(most)),
        (None, Some(least)) => format!(">= {}", number(least)),
        (None, None) => String::new(),
    };
    let stretch = bar
        .stretch
        .map(|stretch| format!(", stretch {}", number(stretch)));
    side + &stretch.unwrap_or_default()
}

/// A number with as many digits as mean something.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        small if small < 10.0 => 2,
        small if small < 100.0 => 1,
        _ => 0,
    };
    let plain = format!("{value:.decimals$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left.is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{number, regenerate};
    use crate::figures::{Figure, Part};
    use crate::thresholds::{Bar, Thresholds};

    fn thresholds() -> Thresholds {
        let bar = |figure: &str| Bar {
            figure: figure.to_owned(),
            at_most: Some(800.0),
            at_least: None,
            stretch: Some(434.0),
        };
        Thresholds {
            bars: vec![bar("a"), bar("b")],
        }
    }

    #[test]
    fn blocks_are_made_anew_and_all_else_stays() {
        let mut part = Part::new("fold", "Five runs.", false);
        part.cores = 2;
        part.figures = vec![Figure {
            id: "a".into(),
            what: "it".into(),
            unit: "ns".into(),
            runs: vec![1_234.4, 700.0, 900.0],
        }];
        let page = "# P\n\n<!-- bench:fold -->\nold\n<!-- bench:end -->\nprose\n<!-- bench:other -->\nkept\n<!-- bench:end -->\n<!-- bench:bars --><!-- bench:end -->\n";
        let made = regenerate(page, &["fold", "other"], &[part.clone()], &thresholds()).unwrap();
        let expected = "# P\n\n<!-- bench:fold -->\nFive runs. 2 cores.\n\n| | median | runs | bar |\n|---|---|---|---|\n\
                        | it | 900 ns | 700 to 1,234 | <= 800, stretch 434: **missed** |\n<!-- bench:end -->\nprose\n\
                        <!-- bench:other -->\nkept\n<!-- bench:end -->\n<!-- bench:bars -->\n| figure | measured | bar | |\n|---|---|---|---|\n\
                        | `a` | 900 | <= 800, stretch 434 | **missed** |\n| `b` |  | <= 800, stretch 434 | not measured |\n<!-- bench:end -->\n";
        assert_eq!(made, expected);
        assert_eq!(
            regenerate(&made, &["fold", "other"], &[part], &thresholds()).unwrap(),
            made
        );
    }

    #[test]
    fn a_block_of_no_part_and_a_block_without_an_end_are_errors() {
        for page in [
            "<!-- bench:fold -->\n<!-- bench:end -->",
            "<!-- bench:bars -->",
        ] {
            assert!(regenerate(page, &[], &[], &thresholds()).is_err(), "{page}");
        }
    }

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        let table = [
            (0.0, "0"),
            (1.526, "1.53"),
            (33.94, "33.9"),
            (999.6, "1,000"),
            (17_972.4, "17,972"),
            (-1_500_000.0, "-1,500,000"),
        ];
        for (value, expected) in table {
            assert_eq!(number(value), expected);
        }
    }
}
