//! A child process that says where its parts listen, and then that it is ready.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Runs until it is told to end, or is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it; once it is ready, with the URLs of its parts. `None` where it ends before.
    pub(crate) fn start(command: &mut Command) -> Option<(Self, BTreeMap<String, String>)> {
        let mut running = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let output = BufReader::new(running.0.stdout.take().unwrap());
        let mut addresses = BTreeMap::new();
        for line in output.lines() {
            let line = line.unwrap();
            if line == "ready" {
                return Some((running, addresses));
            }
            let (name, url) = line.split_once(' ').unwrap();
            addresses.insert(name.to_owned(), url.trim().to_owned());
        }
        None
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let told = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        assert!(told.unwrap().success());
        self.0.wait().unwrap().code()
    }
}

/// `kill -9`, where it has not ended yet.
impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
