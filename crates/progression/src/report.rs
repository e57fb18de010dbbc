//! What the bonus engine says of a grant. It is the authority: the newest of its reports, by when they occurred, is what became of the
//! grant; the same again, or an older one that comes late, changes nothing.

use types::Timestamp;

use crate::codec::{DecodeError, Reader, Writer};

/// The newest report about a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) status: Reported,
    pub(crate) at: Timestamp,
}

/// What became of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    /// The player took it.
    Claimed,
    /// The player has it.
    Credited,
    /// Its conditions are met: it is the player's own.
    WageredOut,
    /// It could not be given.
    Failed,
    /// Its time was over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl Reported {
    const ALL: [Self; 6] = [
        Self::Claimed,
        Self::Credited,
        Self::WageredOut,
        Self::Failed,
        Self::Expired,
        Self::Revoked,
    ];

    /// Its name in events and views.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Credited => "credited",
            Self::WageredOut => "wagered_out",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl Report {
    /// In six bits: 0 where nothing was reported.
    pub(crate) fn code(report: Option<Self>) -> u8 {
        report.map_or(0, |report| 1 + report.status as u8)
    }

    pub(crate) fn encode(report: Option<Self>, writer: &mut Writer<'_>) {
        if let Some(report) = report {
            writer.time(report.at);
        }
    }

    pub(crate) fn decode(code: u8, reader: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(at) = code.checked_sub(1) else {
            return Ok(None);
        };
        let status = Reported::ALL.get(usize::from(at));
        Ok(Some(Self {
            status: *status.ok_or(DecodeError::Invalid("a report"))?,
            at: reader.time()?,
        }))
    }
}
