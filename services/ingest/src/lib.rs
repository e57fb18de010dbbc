//! HTTP and gRPC in front of the log: authenticates, bounds, validates, appends
