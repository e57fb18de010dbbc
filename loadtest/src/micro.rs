//! The medians of divan's tables, as `cargo bench` prints them.

use std::path::Path;

use anyhow::{Context, Result};

use crate::figures::{Figure, Part};

/// Reads what `cargo bench` printed into a file.
pub fn measure(file: &Path, quick: bool) -> Result<Part> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut part = Part::new(
        "micro",
        "The median of divan's samples, on the clock: `cargo bench -p events -p progression -p embedded`.",
        quick,
    );
    for figure in figures(&text) {
        part.add(figure);
    }
    Ok(part)
}

/// A benchmark's line is `├─ name  fastest │ slowest │ median │ mean │ samples │ iterations`; one without times is a group's.
fn figures(text: &str) -> Vec<Figure> {
    let (mut found, mut group) = (Vec::new(), String::new());
    for line in text.lines() {
        let bare = line.trim_start_matches(['│', ' ', '├', '╰', '─']);
        let columns: Vec<&str> = bare.split('│').map(str::trim).collect();
        let Some(name) = bare.split_whitespace().next() else {
            continue;
        };
        if !line.starts_with(['├', '╰', '│', ' ']) && columns.len() >= 5 {
            // The title of a table.
            name.clone_into(&mut group);
        }
        if columns.len() < 5 || !line.contains(['├', '╰']) {
            continue;
        }
        if let Some(nanos) = columns.get(2).and_then(|median| nanos(median)) {
            found.push(Figure::once(
                format!("micro.{group}.{name}.us"),
                format!("{group}: {name}"),
                "us",
                nanos / 1_000.0,
            ));
        }
    }
    found
}

fn nanos(text: &str) -> Option<f64> {
    let (value, unit) = text.split_once(' ')?;
    let scale = match unit {
        "ps" => 0.001,
        "ns" => 1.0,
        "µs" => 1_000.0,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    Some(value.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn medians_are_read_from_a_table() {
        let text = "     Running benches/wire.rs (target/release/deps/wire-1)\nTimer precision: 20 ns\n\
                    wire            fastest       │ slowest       │ median        │ mean          │ samples │ iters\n\
                    ├─ json_in      812.3 ns      │ 1.2 µs        │ 0.9 µs        │ 900 ns        │ 100     │ 6400\n\
                    │               1.1 Mitem/s   │ 0.8 Mitem/s   │ 1 Mitem/s     │ 1 Mitem/s     │         │\n\
                    ╰─ apply        1 s           │ 3 s           │ 2 ms          │ 2 s           │ 100     │ 100\n";
        let found: Vec<_> = figures(text)
            .into_iter()
            .map(|figure| (figure.id, figure.runs))
            .collect();
        assert_eq!(
            found,
            [
                ("micro.wire.json_in.us".to_owned(), vec![0.9]),
                ("micro.wire.apply.us".to_owned(), vec![2_000.0])
            ]
        );
    }
}
