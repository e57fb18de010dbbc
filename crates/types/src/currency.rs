//! Currencies of ISO 4217 and money in their minor units.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use thiserror::Error;

use crate::decimal::Decimal;

/// A currency of ISO 4217, with the number of decimals that the standard gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// An amount in a currency's minor units, from zero up to [`Money::MINOR_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Pennies, cents, yen: the currency's smallest unit.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// Why a text or a decimal is not money.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MoneyError {
    /// No such code in ISO 4217, or one without money amounts (such as XXX or XAU).
    #[error("unknown currency")]
    UnknownCurrency,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooManyDecimals,
    /// Below zero.
    #[error("a negative amount")]
    Negative,
    /// Above 10^15 minor units.
    #[error("above 10^15 minor units")]
    TooLarge,
}

/// Currencies that amounts can have, by code: the library compares a code with one after the other.
static BY_CODE: LazyLock<Box<[(u32, Currency)]>> = LazyLock::new(|| {
    let all = (0..1_000).filter_map(iso_currency::Currency::from_numeric);
    let with_amounts = all.filter(|currency| currency.exponent().is_some());
    let mut by_code: Vec<_> = with_amounts
        .filter_map(|currency| Some((packed(currency.code())?, Currency(currency))))
        .collect();
    by_code.sort_unstable_by_key(|(code, _)| *code);
    by_code.into()
});

/// The three letters of a code as one number.
fn packed(code: &str) -> Option<u32> {
    let [a, b, c] = *code.as_bytes() else {
        return None;
    };
    Some(u32::from_be_bytes([0, a, b, c]))
}

impl Currency {
    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals an amount may have: 2 for GBP, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u8 {
        self.0
            .exponent()
            .and_then(|exponent| u8::try_from(exponent).ok())
            .unwrap_or(0)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let code = packed(code).ok_or(MoneyError::UnknownCurrency)?;
        let found = BY_CODE.binary_search_by_key(&code, |(known, _)| *known);
        found
            .map(|at| BY_CODE[at].1)
            .map_err(|_| MoneyError::UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Money {
    /// The largest amount, in minor units.
    pub const MINOR_MAX: i64 = 1_000_000_000_000_000;

    /// The money that a decimal of the major unit says ("12.30" of GBP is 1,230 pennies).
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        if amount.is_negative() {
            return Err(MoneyError::Negative);
        }
        if amount.scale() > currency.exponent() {
            return Err(MoneyError::TooManyDecimals);
        }
        let minor = amount
            .to_units(currency.exponent())
            .ok_or(MoneyError::TooLarge)?;
        match i64::try_from(minor) {
            Ok(minor) if minor <= Self::MINOR_MAX => Ok(Self { minor, currency }),
            _ => Err(MoneyError::TooLarge),
        }
    }

    /// The amount in the major unit.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(i128::from(self.minor), self.currency.exponent()).unwrap_or(Decimal::ZERO)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Currency, Money, MoneyError};
    use crate::decimal::Decimal;

    #[test]
    fn an_amount_fits_its_currency_or_is_refused() {
        let table: &[(&str, &str, Result<i64, MoneyError>)] = &[
            ("139.12", "GBP", Ok(13_912)),
            ("1000", "JPY", Ok(1_000)),
            ("1.001", "KWD", Ok(1_001)),
            ("0", "GBP", Ok(0)),
            ("1.001", "GBP", Err(MoneyError::TooManyDecimals)),
            ("10.5", "JPY", Err(MoneyError::TooManyDecimals)),
            ("-1", "GBP", Err(MoneyError::Negative)),
            ("10000000000000.01", "GBP", Err(MoneyError::TooLarge)),
            ("1", "XXQ", Err(MoneyError::UnknownCurrency)),
            ("1", "gbp", Err(MoneyError::UnknownCurrency)),
        ];
        for (amount, code, expected) in table {
            let got = code
                .parse::<Currency>()
                .and_then(|currency| Money::from_decimal(amount.parse().unwrap(), currency))
                .map(|money| money.minor);
            assert_eq!(got, *expected, "{amount} {code}");
        }
    }

    #[test]
    fn every_code_of_the_library_is_known_that_has_amounts() {
        let letters = || b'A'..=b'Z';
        let codes =
            letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
        let mut known = 0;
        for code in codes {
            let code = std::str::from_utf8(&code).unwrap();
            let library =
                iso_currency::Currency::from_code(code).filter(|it| it.exponent().is_some());
            assert_eq!(
                code.parse(),
                library.map(Currency).ok_or(MoneyError::UnknownCurrency),
                "{code}"
            );
            known += usize::from(library.is_some());
        }
        assert!(known > 100, "{known}");
    }

    proptest! {
        #[test]
        fn minor_units_survive_the_round_trip(minor in 0..=Money::MINOR_MAX, code in prop::sample::select(vec!["GBP", "JPY", "KWD"])) {
            let money = Money { minor, currency: code.parse().unwrap() };
            let text = money.to_decimal().to_string();
            prop_assert_eq!(Money::from_decimal(text.parse::<Decimal>().unwrap(), money.currency), Ok(money));
        }
    }
}
