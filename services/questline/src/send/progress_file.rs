//! How far a backfill came, kept next to its input, so that the next run goes on from there.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use types::Timestamp;

use crate::feed::Tally;

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct ProgressFile {
    path: PathBuf,
}

/// What stands in it: everything up to `sent` events is durable at the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) rejected: Tally,
    /// The last recorded time of an accepted event, for the tick at the end.
    pub(super) last: Option<String>,
}

impl ProgressFile {
    /// The file in `folder` for this input to this server: another server, file or mapping has another one.
    pub(crate) fn new(folder: &Path, name: &str, server: &str, digests: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(server.trim_end_matches('/'));
        for digest in digests {
            hash.update([0]);
            hash.update(digest);
        }
        let key: String = hash.finalize()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: folder.join(format!(".{name}.{key}.sent.json")),
        }
    }

    /// Where it stands.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What an earlier run reached. A file that cannot be read is as none: sending again is harmless.
    pub(super) fn read(&self) -> Reached {
        std::fs::read(&self.path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Replaces the file whole.
    pub(super) fn write(&self, reached: &Reached) -> io::Result<()> {
        let beside = self.path.with_extension("tmp");
        std::fs::write(&beside, serde_json::to_vec(reached)?)?;
        std::fs::rename(&beside, &self.path)
    }

    /// Takes it away: there is nothing to go on from.
    pub(super) fn remove(&self) {
        std::fs::remove_file(&self.path).unwrap_or_default();
    }
}

impl Reached {
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last.as_deref()?.parse().ok()
    }

    pub(super) fn saw(&mut self, at: Timestamp) {
        if self.last().is_none_or(|last| last < at) {
            self.last = Some(at.to_string());
        }
    }
}

/// SHA-256 of a file's bytes.
pub(crate) fn digest_of(file: &Path) -> io::Result<Vec<u8>> {
    let mut hash = Sha256::new();
    io::copy(&mut std::fs::File::open(file)?, &mut HashWriter(&mut hash))?;
    Ok(hash.finalize().to_vec())
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ProgressFile, Reached};

    #[test]
    fn each_server_and_input_has_a_file_of_its_own_and_what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file =
            |server: &str, digest: &[u8]| ProgressFile::new(folder.path(), "f", server, &[digest]);
        let one = file("http://a", b"1");
        assert_eq!(one.path(), file("http://a/", b"1").path());
        assert_ne!(one.path(), file("http://b", b"1").path());
        assert_ne!(one.path(), file("http://a", b"2").path());

        assert_eq!(one.read(), Reached::default());
        let mut reached = Reached {
            sent: 3,
            accepted: 2,
            ..Reached::default()
        };
        reached.saw("2011-01-02T00:00:00Z".parse().unwrap());
        reached.saw("2011-01-01T00:00:00Z".parse().unwrap());
        one.write(&reached).unwrap();
        assert_eq!(one.read(), reached);
        assert_eq!(reached.last.as_deref(), Some("2011-01-02T00:00:00Z"));
        std::fs::write(one.path(), "{").unwrap();
        assert_eq!(one.read(), Reached::default());
        one.remove();
        assert!(!one.path().exists());
    }
}
