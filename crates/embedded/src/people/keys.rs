//! The keys: a file of slots, so that a key can be destroyed where it stands.
//!
//! A slot is a hash of brand and player, the key, and a checksum of both. A destroyed key's slot is overwritten with zeros and used again.
//! Where the file system writes elsewhere than where it was told to (copy on write, a worn block of flash), the old bytes may stay until
//! their place is used again: see `docs/people.md`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use ports::{Entity, Key};
use sha2::{Digest as _, Sha256};

use crate::error::OpenError;

const HASH: usize = 16;
const KEY: usize = 32;
/// Hash, key, CRC-32C of both; the rest is zero.
const SLOT: usize = 64;

pub(super) struct Keys {
    file: File,
    slots: HashMap<[u8; HASH], u64>,
    free: Vec<u64>,
    count: u64,
}

impl Keys {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let io = || OpenError::io(path);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(io())?;
        let bytes = fs::read(path).map_err(io())?;
        let (whole, rest) = bytes.as_chunks::<SLOT>();
        if !rest.is_empty() {
            // Cut short by a crash: nobody was given that key.
            file.set_len((whole.len() * SLOT) as u64).map_err(io())?;
        }
        let (mut slots, mut free) = (HashMap::new(), Vec::new());
        for (number, slot) in (0..).zip(whole) {
            match decode(slot) {
                Some((hash, _)) => drop(slots.insert(hash, number)),
                None if slot.iter().all(|byte| *byte == 0) => free.push(number),
                None => {
                    return Err(OpenError::Damaged {
                        file: path.to_owned(),
                        offset: number * SLOT as u64,
                        problem: "a key is not sound: what is sealed with it cannot be read"
                            .to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            file,
            slots,
            free,
            count: whole.len() as u64,
        })
    }

    pub(super) fn get(&self, player: &Entity) -> io::Result<Option<Key>> {
        let Some(number) = self.slots.get(&hash(player)) else {
            return Ok(None);
        };
        let mut slot = [0; SLOT];
        self.file.read_exact_at(&mut slot, number * SLOT as u64)?;
        let unsound = || io::Error::new(io::ErrorKind::InvalidData, "a key is not sound");
        decode(&slot).map(|(_, key)| Some(key)).ok_or_else(unsound)
    }

    /// Keeps keys of players who have none, durably. Of two for one player the first stays.
    pub(super) fn add(&mut self, new: &[(&Entity, &Key)]) -> io::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let mut placed = Vec::with_capacity(new.len());
        for (player, key) in new {
            let hash = hash(player);
            if self.slots.contains_key(&hash) || placed.iter().any(|(it, _)| *it == hash) {
                continue;
            }
            let number = self.free.pop().unwrap_or_else(|| {
                self.count += 1;
                self.count - 1
            });
            self.file
                .write_all_at(&encode(hash, key), number * SLOT as u64)?;
            placed.push((hash, number));
        }
        self.file.sync_data()?;
        self.slots.extend(placed);
        Ok(())
    }

    /// Overwrites the player's key, durably.
    pub(super) fn destroy(&mut self, player: &Entity) -> io::Result<()> {
        if let Some(number) = self.slots.remove(&hash(player)) {
            self.file.write_all_at(&[0; SLOT], number * SLOT as u64)?;
            self.file.sync_data()?;
            self.free.push(number);
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.count as usize * SLOT];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}

/// Of brand and player; two players with one would share a key, which at 128 bits nobody ever does.
fn hash(player: &Entity) -> [u8; HASH] {
    let mut hash = Sha256::new();
    hash.update(player.brand.as_str());
    hash.update([0]);
    hash.update(player.player.as_str());
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

fn encode(hash: [u8; HASH], key: &Key) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..HASH].copy_from_slice(&hash);
    slot[HASH..HASH + KEY].copy_from_slice(&key.0);
    let crc = crc32c::crc32c(&slot[..HASH + KEY]);
    slot[HASH + KEY..HASH + KEY + 4].copy_from_slice(&crc.to_le_bytes());
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<([u8; HASH], Key)> {
    let (said, rest) = slot.split_at(HASH + KEY);
    let crc = u32::from_le_bytes(*rest.first_chunk()?);
    let (hash, key) = said.split_at(HASH);
    let key: [u8; KEY] = key.try_into().ok()?;
    // The checksum of zeros is not zero: a free slot is no key.
    (crc32c::crc32c(said) == crc).then_some((hash.try_into().ok()?, Key(key)))
}
