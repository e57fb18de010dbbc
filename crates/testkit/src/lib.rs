//! The oracle, contract suites of the ports, misbehaving fakes, generators, real servers: for tests only

pub mod contract;
pub mod faulty;
pub mod generate;
pub mod mutate;
pub mod oracle;
pub mod people;
pub mod scenario;
pub mod servers;
