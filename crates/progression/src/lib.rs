//! The core: folds a recorded event into a player's state; synchronous, total, deterministic
