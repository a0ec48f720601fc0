//! Texts as numbers: whole ones, any finite ones, yes and no.
//!
//! | text | whole number | number | rule |
//! |---|---|---|---|
//! | `17`, `-3`, `+5`, `007` | 17, -3, 5, 7 | the same | |
//! | `17.0`, `1e3` | 17, 1000 and counted | 17, 1000 | |
//! | `9223372036854775808` | | 9.22e18 | `number_overflow` |
//! | `nan`, `inf`, `1e400` | | | `not_finite` |
//! | `1,5`, `0x1F`, `abc` | | | `unparsable_number` |

use super::cell::Fault;

/// Above this, not every whole number is a float64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Why a text is no whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum NotWhole {
    /// Not digits with a sign at most.
    Text,
    /// Beyond 64 bits with sign.
    Overflow,
}

/// Digits, with a sign at most.
#[inline]
pub(in crate::log) fn whole(cell: &[u8]) -> Result<i64, NotWhole> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return Err(NotWhole::Text);
    }
    if digits.len() > 18 {
        return long(digits, negative);
    }
    let mut value = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(NotWhole::Text);
        }
        value = value * 10 + i64::from(digit);
    }
    Ok(if negative { -value } else { value })
}

fn long(digits: &[u8], negative: bool) -> Result<i64, NotWhole> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotWhole::Text);
    }
    let value = digits.iter().try_fold(0_i64, |value, byte| {
        let digit = i64::from(byte - b'0');
        value.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
    });
    value.ok_or(NotWhole::Overflow)
}

/// A whole number, from digits or from a number without fraction; whether it was the latter.
#[inline]
pub(in crate::log) fn integer(cell: &[u8]) -> Result<(i64, bool), Fault> {
    match whole(cell) {
        Ok(value) => Ok((value, false)),
        Err(NotWhole::Overflow) => Err(Fault::new("number_overflow", "beyond 64 bits with sign")),
        Err(NotWhole::Text) => rounded(number(cell).map_err(|fault| match fault.rule {
            "unparsable_number" => Fault::new("unparsable_number", "not a whole number"),
            _ => fault,
        })?),
    }
}

/// A float without fraction as a whole number.
pub(in crate::log) fn rounded(value: f64) -> Result<(i64, bool), Fault> {
    if value.fract() != 0.0 {
        Err(Fault::new("unparsable_number", "not a whole number"))
    } else if value.abs() > EXACT {
        Err(Fault::new("number_overflow", "beyond the whole numbers that a float holds exactly"))
    } else {
        Ok((value as i64, true))
    }
}

/// A finite number.
#[inline]
pub(in crate::log) fn number(cell: &[u8]) -> Result<f64, Fault> {
    match fast_float2::parse::<f64, _>(cell) {
        Ok(value) => finite(value),
        Err(_) => Err(Fault::new("unparsable_number", "not a number")),
    }
}

/// A number that is neither infinite nor NaN.
#[inline]
pub(in crate::log) fn finite(value: f64) -> Result<f64, Fault> {
    if value.is_finite() { Ok(value) } else { Err(Fault::new("not_finite", "not a finite number")) }
}

/// true, yes, t, y or false, no, f, n in any case.
pub(in crate::log) fn yes_or_no(cell: &[u8]) -> Option<bool> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word.as_bytes());
    match cell.len() {
        1 if is("t") || is("y") => Some(true),
        1 if is("f") || is("n") => Some(false),
        2 if is("no") => Some(false),
        3 if is("yes") => Some(true),
        4 if is("true") => Some(true),
        5 if is("false") => Some(false),
        _ => None,
    }
}

/// As [`yes_or_no`], or 1 and 0, with `.0` behind them or not.
#[inline]
pub(in crate::log) fn binary(cell: &[u8]) -> Option<bool> {
    match cell {
        b"1" | b"1.0" => Some(true),
        b"0" | b"0.0" => Some(false),
        _ => yes_or_no(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_to_the_last_bit() {
        let max = "9223372036854775807";
        for (text, value) in
            [("0", 0), ("-3", -3), ("+5", 5), ("007", 7), ("999999999999999999", 999_999_999_999_999_999)]
        {
            assert_eq!(whole(text.as_bytes()), Ok(value), "{text}");
        }
        assert_eq!((whole(max.as_bytes()), whole(b"-9223372036854775808")), (Ok(i64::MAX), Ok(i64::MIN)));
        assert_eq!(whole(b"00000000000000000000012"), Ok(12));
        for text in ["9223372036854775808", "-9223372036854775809", "18446744073709551616"] {
            assert_eq!(whole(text.as_bytes()), Err(NotWhole::Overflow), "{text}");
        }
        for text in ["", "-", "+", "1.0", "1e3", "0x10", "1_000", "--1", "123456789012345678x", "١"] {
            assert_eq!(whole(text.as_bytes()), Err(NotWhole::Text), "{text}");
        }
    }

    #[test]
    fn a_fraction_of_nothing_is_whole() {
        assert_eq!(
            (integer(b"17.0"), integer(b"1e3"), integer(b"17")),
            (Ok((17, true)), Ok((1000, true)), Ok((17, false)))
        );
        let rule = |text: &str| integer(text.as_bytes()).map_err(|fault| fault.rule);
        assert_eq!(rule("1.5"), Err("unparsable_number"));
        assert_eq!(rule("1e300"), Err("number_overflow"));
        assert_eq!(rule("nan"), Err("not_finite"));
        assert_eq!(rule("x"), Err("unparsable_number"));
    }

    #[test]
    fn numbers_are_finite_or_refused() {
        assert_eq!(
            (number(b"0.1"), number(b"-1e-3"), number(b"+2"), number(b".5")),
            (Ok(0.1), Ok(-1e-3), Ok(2.0), Ok(0.5))
        );
        for text in ["nan", "NaN", "inf", "-Infinity", "1e400", "-1e400"] {
            assert_eq!(number(text.as_bytes()).map_err(|fault| fault.rule), Err("not_finite"), "{text}");
        }
        for text in ["1,5", "0x1F", "1 000", "abc", "1e", "=1+1", "1;DROP TABLE log"] {
            assert_eq!(number(text.as_bytes()).map_err(|fault| fault.rule), Err("unparsable_number"), "{text}");
        }
    }

    #[test]
    fn yes_in_any_case() {
        assert_eq!(
            (binary(b"TRUE"), binary(b"Yes"), binary(b"1"), binary(b"1.0")),
            (Some(true), Some(true), Some(true), Some(true))
        );
        assert_eq!((binary(b"False"), binary(b"n"), binary(b"0")), (Some(false), Some(false), Some(false)));
        assert_eq!((binary(b"2"), binary(b"yess"), binary(b"oui"), yes_or_no(b"1")), (None, None, None, None));
    }
}
