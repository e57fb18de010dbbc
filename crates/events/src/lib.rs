//! Events on the wire: JSON, protobuf and the log's bytes, bounded and validated
