//! One binary: serve, demo, check, simulate, send and the other commands
