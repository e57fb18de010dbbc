//! HTML pages that need nothing else: no script, no font, no image from anywhere.
//!
//! Every text that is given is escaped here, but for what is called HTML.

mod bars;
mod lines;
mod scale;

use std::fmt::Display;

pub use bars::Bars;
pub use lines::{Line, Plot};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}\
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;border-bottom:1px solid #d7dce1;text-align:left}\
td.n{text-align:right;font-variant-numeric:tabular-nums}\
svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#57606a}";

/// The colours of series, the first for what is compared with.
const COLOURS: [&str; 4] = ["#57606a", "#1f6feb", "#b3261e", "#18733b"];

/// A page of this title. `style` is CSS beside what all pages have, `body` is HTML.
pub fn document(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title><style>{STYLE}{style}</style></head>\n\
         <body>{body}</body></html>\n",
        escaped(title)
    )
}

/// Text that stands as itself in HTML, in an attribute too.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A table of texts; all but the first column are figures.
pub fn table<T: Display>(heads: &[&str], rows: impl Iterator<Item = (String, Vec<T>)>) -> String {
    let heads: String = heads
        .iter()
        .map(|it| format!("<th>{}</th>", escaped(it)))
        .collect();
    let rows: String = rows
        .map(|(name, cells)| {
            let cells: String = cells
                .iter()
                .map(|cell| format!("<td class=\"n\">{}</td>", escaped(&cell.to_string())))
                .collect();
            format!("<tr><td>{}</td>{cells}</tr>", escaped(&name))
        })
        .collect();
    format!("<table><tr>{heads}</tr>{rows}</table>")
}

#[cfg(test)]
mod tests {
    use super::{Bars, document, table};

    const HOSTILE: &str = "<script src='http://x'>&\"";
    const SAFE: &str = "&lt;script src=&#39;http://x&#39;&gt;&amp;&quot;";

    #[test]
    fn every_text_is_escaped() {
        let rows = [(HOSTILE.to_owned(), vec![HOSTILE])].into_iter();
        let bars = Bars {
            title: HOSTILE.to_owned(),
            labels: vec![HOSTILE.to_owned()],
            series: vec![(HOSTILE.to_owned(), vec![1.0])],
        };
        let body = table(&[HOSTILE], rows) + &bars.svg();
        let page = document(HOSTILE, "", &body);
        // Title; head and two cells; the plot's name twice, its label and its series.
        assert_eq!(page.matches(SAFE).count(), 8, "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
}
