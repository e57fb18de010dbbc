//! Metric names, logs and traces: one place, one grammar
