//! The built-in event types: their names and what they are to rules and missions.

use super::{BuiltIn, EventType};

impl BuiltIn {
    /// All of them, in the order of their indexes in every programme.
    pub const ALL: [Self; 19] = [
        Self::BetPlaced,
        Self::BetSettled,
        Self::BetRolledBack,
        Self::Deposit,
        Self::Withdrawal,
        Self::Order,
        Self::OrderRefunded,
        Self::OrderCancelled,
        Self::Registered,
        Self::SessionStarted,
        Self::ProfileChanged,
        Self::PlayerRestricted,
        Self::MissionOptedIn,
        Self::MissionClaimed,
        Self::PointsSpent,
        Self::PointsHeld,
        Self::HoldReleased,
        Self::PointsAdjusted,
        Self::GrantUpdated,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BetPlaced => "bet_placed",
            Self::BetSettled => "bet_settled",
            Self::BetRolledBack => "bet_rolled_back",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Order => "order",
            Self::OrderRefunded => "order_refunded",
            Self::OrderCancelled => "order_cancelled",
            Self::Registered => "registered",
            Self::SessionStarted => "session_started",
            Self::ProfileChanged => "profile_changed",
            Self::PlayerRestricted => "player_restricted",
            Self::MissionOptedIn => "mission_opted_in",
            Self::MissionClaimed => "mission_claimed",
            Self::PointsSpent => "points_spent",
            Self::PointsHeld => "points_held",
            Self::HoldReleased => "hold_released",
            Self::PointsAdjusted => "points_adjusted",
            Self::GrantUpdated => "grant_updated",
        }
    }

    /// Whether rules and missions can count it: something that a player did, not an undoing, a command or a correction.
    pub const fn counts(self) -> bool {
        matches!(
            self,
            Self::BetPlaced
                | Self::BetSettled
                | Self::Deposit
                | Self::Withdrawal
                | Self::Order
                | Self::Registered
                | Self::SessionStarted
                | Self::ProfileChanged
        )
    }

    /// The type as it stands in every programme's catalogue.
    pub(crate) fn event_type(self) -> EventType {
        EventType {
            name: self.name().into(),
            built_in: Some(self),
            attributes: Vec::new(),
            personal: Vec::new(),
        }
    }
}
