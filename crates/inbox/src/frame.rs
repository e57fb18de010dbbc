//! The journal's frames: `[payload length u32][crc32c u32][number u64][payload]`, little endian; the checksum covers number and
//! payload.
//!
//! One frame is one group commit: it was synced before the next one was written. So a bad frame with a valid one behind it is
//! damage, and a bad frame with nothing valid behind it is a write that was cut short and that nobody was told of.

/// Bytes before the payload.
pub(crate) const HEADER: usize = 16;
/// A longer length is noise.
pub(crate) const PAYLOAD_MAX: usize = 64 << 20;

/// A whole, valid frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Number of its first record.
    pub(crate) number: u64,
    /// Its records.
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        HEADER + self.payload.len()
    }
}

/// Appends a frame to `out`.
pub(crate) fn encode(number: u64, payload: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(number, payload).to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(payload);
}

/// The frame that the bytes begin with; `None` where they don't begin with a whole, valid one.
pub(crate) fn decode(bytes: &[u8]) -> Option<Frame<'_>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (crc, rest) = rest.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let number = u64::from_le_bytes(*number);
    let payload = (length <= PAYLOAD_MAX).then(|| rest.get(..length))??;
    (checksum(number, payload) == u32::from_le_bytes(*crc)).then_some(Frame { number, payload })
}

/// Whether a valid frame numbered `number` or above begins anywhere in the bytes.
pub(crate) fn any_valid(bytes: &[u8], number: u64) -> bool {
    (0..bytes.len())
        .filter_map(|start| decode(bytes.get(start..)?))
        .any(|frame| frame.number >= number)
}

fn checksum(number: u64, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&number.to_le_bytes()), payload)
}

#[cfg(test)]
mod tests {
    use super::{Frame, any_valid, decode, encode};

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut whole = Vec::new();
        encode(7, b"payload", &mut whole);
        let frame = Frame {
            number: 7,
            payload: b"payload",
        };
        assert_eq!(decode(&whole), Some(frame));
        for end in 0..whole.len() {
            assert_eq!(decode(&whole[..end]), None, "cut at {end}");
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped), None, "bit {bit}");
        }
    }

    #[test]
    fn a_valid_frame_is_found_behind_noise() {
        let mut bytes = vec![0; 100];
        assert!(!any_valid(&bytes, 0));
        encode(7, b"payload", &mut bytes);
        assert!(any_valid(&bytes, 7));
        assert!(!any_valid(&bytes, 8), "an older frame is no later one");
    }
}
