//! The bonus-engine gateway: a grant's life, and the operator's endpoint called once per key
