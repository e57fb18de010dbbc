//! The oracle, contract suites of the ports, misbehaving fakes, generators: for tests only

pub mod cassandra;
pub mod contract;
pub mod faulty;
pub mod generate;
pub mod oracle;
pub mod scenario;
