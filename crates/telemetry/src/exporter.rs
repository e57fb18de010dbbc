//! What `/metrics` answers.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

use crate::names;

/// Upper bounds in seconds: from a fast fsync to a minute of back-off.
const BUCKETS: &[f64] = &[
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0, 60.0,
];

/// Why there is no exporter.
#[derive(Debug, Error)]
pub enum ExporterError {
    /// The process has a recorder already, or the buckets were refused.
    #[error("metrics are not exported: {0}")]
    Build(#[from] BuildError),
}

/// Renders the metrics of this process in the Prometheus text format. Cheap to clone.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl Exporter {
    /// Becomes the recorder of the process: once, in `main`.
    pub fn install() -> Result<Self, ExporterError> {
        let exporter = Self(builder()?.install_recorder()?);
        names::describe();
        Ok(exporter)
    }

    /// One that no metric reaches, for tests that run several servers in one process.
    pub fn detached() -> Result<Self, ExporterError> {
        Ok(Self(builder()?.build_recorder().handle()))
    }

    /// The metrics as text. Also folds what histograms gathered since the last call.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_latency_seconds".to_owned()), BUCKETS)
}

#[cfg(test)]
mod tests {
    use super::Exporter;
    use crate::names;

    #[test]
    fn metrics_are_rendered_with_their_help() {
        let exporter = Exporter::install().unwrap();
        metrics::counter!(names::INBOX_ALARMS, "gateway" => "notifications").increment(2);
        metrics::histogram!(names::INBOX_COMMIT, "gateway" => "notifications").record(0.003);
        let text = exporter.render();
        assert!(text.contains("questline_inbox_alarms_total{gateway=\"notifications\"} 2"));
        assert!(text.contains("# HELP questline_inbox_alarms_total Known ids"));
        assert!(text.contains(
            "questline_inbox_commit_duration_seconds_bucket{gateway=\"notifications\",le=\"0.005\"} 1"
        ));
        assert!(Exporter::install().is_err(), "one recorder a process");
        assert_eq!(Exporter::detached().unwrap().render(), "");
    }
}
