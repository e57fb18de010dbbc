//! Percentiles out of a Prometheus histogram, as `/metrics` shows it.

/// The percentile `q` (0 to 1) of a histogram over all its label sets, in seconds; `None` where nothing was measured.
///
/// Between two bounds the values are taken as evenly spread, as Prometheus's own `histogram_quantile` does.
pub(crate) fn quantile(text: &str, histogram: &str, q: f64) -> Option<f64> {
    let prefix = format!("{histogram}_bucket{{");
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(&prefix) else {
            continue;
        };
        let (labels, count) = rest.rsplit_once(' ')?;
        let bound = labels.split("le=\"").nth(1)?.split('"').next()?;
        let bound = if bound == "+Inf" {
            f64::INFINITY
        } else {
            bound.parse().ok()?
        };
        let count: f64 = count.parse().ok()?;
        match buckets.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, sum)) => *sum += count,
            None => buckets.push((bound, count)),
        }
    }
    buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
    let total = buckets.last()?.1;
    if total == 0.0 {
        return None;
    }
    let rank = q * total;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if count >= rank {
            if bound.is_infinite() {
                return Some(lower);
            }
            return Some(lower + (bound - lower) * (rank - below) / (count - below).max(1.0));
        }
        (lower, below) = (bound, count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_percentile_lies_within_its_bucket() {
        let text = "\
# TYPE d histogram
d_bucket{gateway=\"a\",le=\"0.001\"} 50
d_bucket{gateway=\"a\",le=\"0.01\"} 100
d_bucket{gateway=\"a\",le=\"+Inf\"} 100
d_bucket{gateway=\"b\",le=\"0.001\"} 0
d_bucket{gateway=\"b\",le=\"0.01\"} 0
d_bucket{gateway=\"b\",le=\"+Inf\"} 0
";
        assert_eq!(quantile(text, "d", 0.5), Some(0.001));
        let p99 = quantile(text, "d", 0.99).unwrap();
        assert!(p99 > 0.009 && p99 < 0.01, "{p99}");
        assert_eq!(quantile(text, "other", 0.5), None);
    }
}
