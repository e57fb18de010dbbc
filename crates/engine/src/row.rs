//! An emission on its way, and its outbox row.

use bytes::Bytes;
use ports::Entity;
use types::{BrandId, PlayerId, Timestamp};

use crate::codec::{Fields, Put};

const VERSION: u8 = 1;

/// A decided emission that some sink takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emitted {
    pub(crate) id: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) entity: Entity,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) traceparent: Option<Box<str>>,
    pub(crate) body: Bytes,
}

impl Emitted {
    /// Memory held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.body.len() + 64
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.body.len() + 160);
        out.push(VERSION);
        out.put_bytes(self.id.as_bytes());
        out.put_bytes(self.kind.as_bytes());
        out.put_bytes(self.entity.brand.as_str().as_bytes());
        out.put_bytes(self.entity.player.as_str().as_bytes());
        out.put_i64(self.accepted_at.map_or(-1, Timestamp::nanos));
        out.put_bytes(self.traceparent.as_deref().unwrap_or("").as_bytes());
        out.put_bytes(&self.body);
        out.into()
    }

    /// `None` for what this version did not write.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.u8()? != VERSION {
            return None;
        }
        Some(Self {
            id: fields.text()?.into(),
            kind: fields.text()?.into(),
            entity: Entity {
                brand: BrandId::new(fields.text()?).ok()?,
                player: PlayerId::stored(fields.text()?).ok()?,
            },
            accepted_at: Timestamp::from_nanos(fields.i64()?),
            traceparent: Some(fields.text()?)
                .filter(|text| !text.is_empty())
                .map(Into::into),
            body: Bytes::copy_from_slice(fields.bytes()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ports::Entity;
    use types::{BrandId, PlayerId, Timestamp};

    use super::Emitted;

    #[test]
    fn a_row_gives_its_emission_back() {
        for accepted_at in [None, Timestamp::from_nanos(0), Timestamp::from_nanos(5)] {
            let emitted = Emitted {
                id: "00ff".into(),
                kind: "tier_changed".into(),
                entity: Entity {
                    brand: BrandId::new("shop").unwrap(),
                    player: PlayerId::new("é 1").unwrap(),
                },
                accepted_at,
                traceparent: accepted_at.map(|_| "00-ab".into()),
                body: Bytes::from_static(b"{}"),
            };
            let row = emitted.encode();
            assert_eq!(Emitted::decode(&row), Some(emitted));
            assert_eq!(Emitted::decode(&row[..row.len() - 1]), None);
        }
    }
}
