//! The few words that everything generated is made of.

pub(super) const BRAND: &str = "b";
pub(super) const ZONES: [&str; 5] = [
    "Europe/London",
    "America/New_York",
    "Asia/Tokyo",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
];
pub(super) const COUNTRIES: [&str; 2] = ["UK", "FR"];
pub(super) const CATEGORIES: [&str; 3] = ["slots", "live", "sport"];
pub(super) const GAMES: [&str; 2] = ["slotA", "slotB"];
pub(super) const PROVIDERS: [&str; 2] = ["acme", "other"];
pub(super) const FUNDS: [&str; 3] = ["real", "bonus", "free"];
pub(super) const ODDS: [&str; 3] = ["1.5", "4.99", "5"];
/// Of a plan's missions, and of none.
pub(super) const MISSIONS: [&str; 5] = ["m0", "m1", "m2", "m3", "nowhere"];
/// Of grants that a plan's missions and levels give, and of none.
pub(super) const GRANTS: [&str; 7] = [
    "voucher/m0/once/1",
    "voucher/m0/1/1",
    "code/m0/once/1",
    "voucher/m1/once/1",
    "voucher/t0/l1/1",
    "code/t0/l1/1",
    "nowhere",
];
pub(super) const REPORTS: [&str; 6] = [
    "claimed",
    "credited",
    "wagered_out",
    "failed",
    "expired",
    "revoked",
];
pub(super) const ITEMS: [&str; 4] = ["0", "1", "2", "7"];
pub(super) const POUNDS: [&str; 9] = [
    "0.00", "0.01", "1.00", "3.33", "10.00", "12.50", "20.00", "50.00", "100.00",
];
pub(super) const YEN: [&str; 3] = ["1", "500", "1000"];
pub(super) const RATES: [&str; 3] = ["0.9", "1.000001", "0.333333"];

/// Just before: the clocks go back and a month ends; a year and an ISO year end; the clocks go forward and a month ends.
pub(super) const BEGINNINGS: [&str; 3] = [
    "2011-10-28T20:00:00Z",
    "2011-12-29T20:00:00Z",
    "2011-03-25T20:00:00Z",
];

const MINUTE: i64 = 60 * 1_000_000_000;
const HOUR: i64 = 60 * MINUTE;

/// How long after the record before it a record is written, in nanoseconds.
pub(super) const GAPS_NS: [i64; 12] = [
    0,
    0,
    1,
    MINUTE,
    MINUTE,
    3 * HOUR,
    3 * HOUR,
    11 * HOUR,
    24 * HOUR,
    3 * 24 * HOUR,
    8 * 24 * HOUR,
    25 * 24 * HOUR,
];

/// How long before it is recorded an event occurred, in nanoseconds; below zero: by a clock that runs ahead.
pub(super) const DELAYS_NS: [i64; 9] = [
    0,
    0,
    0,
    0,
    -HOUR,
    5 * HOUR,
    30 * HOUR,
    50 * HOUR,
    9 * 24 * HOUR,
];
