//! A year of a real shop's orders, a month at a time, through one ingest node after the other.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;

use crate::nodes::Cluster;

/// The column that says when an invoice was written, beginning with year and month.
const TIME: usize = 3;
const MONTH: usize = "2010-12".len();

/// The bundled example.
#[derive(Clone, Debug)]
pub struct Orders {
    /// The invoices, packed, in the order of time.
    pub file: PathBuf,
    /// How they become events.
    pub mapping: PathBuf,
    /// A programme for them.
    pub programme: PathBuf,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Rows of the file.
    pub rows: u64,
    /// Months, each through the other ingest node than the one before.
    pub months: usize,
}

impl Orders {
    /// The example in the repository.
    pub fn bundled() -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/online-retail");
        Self {
            file: example.join("online_retail_orders.csv.gz"),
            mapping: example.join("mapping.yaml"),
            programme: example.join("programme.yaml"),
        }
    }

    /// Writes only the first months to `file`, unpacked: a smaller example.
    pub fn first(&self, months: usize, folder: &Path) -> Result<Self> {
        let file = folder.join("orders.csv");
        let mut target = csv::Writer::from_path(&file)?;
        let all = self.by_month()?;
        target.write_record(&all.header)?;
        for row in all.months.iter().take(months).flatten() {
            target.write_record(row)?;
        }
        target.flush()?;
        Ok(Self {
            file,
            ..self.clone()
        })
    }

    /// Sends all of it, and waits until each month is folded and delivered. Recorded time follows the events, so a month must be over
    /// before the next begins.
    pub async fn send(&self, cluster: &Cluster, mut said: impl FnMut(&str)) -> Result<Sent> {
        let all = self.by_month()?;
        let mapping = text(&self.mapping)?;
        let mut sent = Sent::default();
        for (number, month) in all.months.iter().enumerate() {
            let file = cluster.folder().join(format!("month-{number}.csv"));
            let mut target = csv::Writer::from_path(&file)?;
            target.write_record(&all.header)?;
            for row in month {
                target.write_record(row)?;
            }
            target.flush()?;
            let to = cluster.http(number)?;
            let args = [
                "send",
                "--to",
                to,
                "--key",
                &cluster.key,
                "--mapping",
                mapping,
                "--wait",
                "--from-start",
                text(&file)?,
            ];
            let told = cluster.questline(&args).await?;
            let name = month.first().and_then(|row| row.get(TIME)?.get(..MONTH));
            said(&format!("{} by {to}: {}", name.unwrap_or("?"), told.trim()));
            sent.rows += month.len() as u64;
            sent.months += 1;
        }
        Ok(sent)
    }

    fn by_month(&self) -> Result<ByMonth> {
        let file = File::open(&self.file).with_context(|| self.file.display().to_string())?;
        let packed = self.file.extension().is_some_and(|ending| ending == "gz");
        let source: Box<dyn std::io::Read> = match packed {
            true => Box::new(GzDecoder::new(file)),
            false => Box::new(file),
        };
        let mut rows = csv::Reader::from_reader(source);
        let header = rows.headers()?.clone();
        let mut months: Vec<Vec<csv::StringRecord>> = Vec::new();
        for row in rows.records() {
            let row = row?;
            let month =
                |row: &csv::StringRecord| row.get(TIME).map(|time| time[..MONTH].to_owned());
            match months.last_mut() {
                Some(last) if last.first().map(month) == Some(month(&row)) => last.push(row),
                _ => months.push(vec![row]),
            }
        }
        Ok(ByMonth { header, months })
    }
}

struct ByMonth {
    header: csv::StringRecord,
    months: Vec<Vec<csv::StringRecord>>,
}

pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
