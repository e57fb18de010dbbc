use proptest::prelude::*;

use super::{Decimal, DecimalError};

#[test]
fn numbers_are_read_from_their_text() {
    let table: &[(&str, Result<&str, DecimalError>)] = &[
        ("0", Ok("0")),
        ("-0.00", Ok("0")),
        ("10.00", Ok("10")),
        ("007.10", Ok("7.1")),
        ("0.000001", Ok("0.000001")),
        ("-1.50", Ok("-1.5")),
        ("1e1", Err(DecimalError::Malformed)),
        ("NaN", Err(DecimalError::Malformed)),
        ("+1", Err(DecimalError::Malformed)),
        (" 1", Err(DecimalError::Malformed)),
        ("1.", Err(DecimalError::Malformed)),
        (".1", Err(DecimalError::Malformed)),
        ("", Err(DecimalError::Malformed)),
        ("-", Err(DecimalError::Malformed)),
        ("0.0000000000000000001", Err(DecimalError::TooLong)),
        (
            "1000000000000000000000000000000000000",
            Err(DecimalError::TooLong),
        ),
    ];
    for (text, expected) in table {
        let got = text.parse::<Decimal>().map(|number| number.to_string());
        assert_eq!(got, expected.map(str::to_owned), "{text:?}");
    }
}

#[test]
fn numbers_of_few_digits_are_written_as_those_of_many_are() {
    let most = i128::from(u64::MAX);
    let table = [
        (0, 0, "0"),
        (5, 2, "0.05"),
        (-5, 1, "-0.5"),
        (13912, 2, "139.12"),
        (-1, 18, "-0.000000000000000001"),
        (most, 0, "18446744073709551615"),
        (-most, 18, "-18.446744073709551615"),
        (most + 1, 0, "18446744073709551616"),
        (-most - 1, 18, "-18.446744073709551616"),
    ];
    for (mantissa, scale, text) in table {
        let number = Decimal::new(mantissa, scale).unwrap();
        assert_eq!(number.to_string(), text);
    }
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (-10i128.pow(30)..10i128.pow(30), 0u8..=18)
        .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap())
}

proptest! {
    #[test]
    fn print_then_parse_is_the_same_number(number in any_decimal()) {
        prop_assert_eq!(number.to_string().parse::<Decimal>(), Ok(number));
    }

    #[test]
    fn short_numbers_are_read_as_long_ones_are(whole in 0u64..1_000_000_000, fraction in "[0-9]{1,9}") {
        let short: Decimal = format!("{whole}.{fraction}").parse().unwrap();
        let long: Decimal = format!("000000000000000000000{whole}.{fraction}").parse().unwrap();
        prop_assert_eq!(short, long);
        prop_assert_eq!(format!("-{whole}.{fraction}").parse::<Decimal>(), Ok(Decimal::ZERO.checked_sub(long).unwrap()));
    }

    #[test]
    fn order_agrees_with_subtraction(a in any_decimal(), b in any_decimal()) {
        if let Some(difference) = a.checked_sub(b) {
            prop_assert_eq!(a.cmp(&b), difference.cmp(&Decimal::ZERO));
        }
    }

    #[test]
    fn any_text_parses_or_is_refused(text in "\\PC{0,40}") {
        let _parsed = text.parse::<Decimal>();
    }
}

#[test]
fn a_decimal_that_may_be_absent_is_no_larger() {
    assert_eq!(size_of::<Option<Decimal>>(), size_of::<Decimal>());
    assert_eq!((size_of::<Decimal>(), align_of::<Decimal>()), (24, 8));
}
