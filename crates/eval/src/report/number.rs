//! How numbers read in a report: rounded, grouped, with a true minus sign, and "undefined" where there is none.
//!
//! | format | 12345.678 | 0.05 | NaN |
//! |---|---|---|---|
//! | `Count` | 12,346 | 0 | undefined |
//! | `Decimals(2)` | 12,345.68 | 0.05 | undefined |
//! | `Percent(1)` | 1,234,567.8 % | 5.0 % | undefined |
//!
//! ```
//! use slatewise_eval::report::NumberFormat;
//!
//! assert_eq!(NumberFormat::Decimals(1).format(-1234.56), "−1,234.6");
//! ```

use serde::Serialize;

/// Rounding of a column's or a plot's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// No decimals.
    Count,
    /// A fixed number of decimals.
    Decimals(u8),
    /// A share in [0, 1] as per cent, with a fixed number of decimals.
    Percent(u8),
}

impl NumberFormat {
    /// The number as text.
    pub fn format(self, value: f64) -> String {
        if !value.is_finite() {
            return "undefined".to_owned();
        }
        match self {
            Self::Count => grouped(value, 0),
            Self::Decimals(decimals) => grouped(value, decimals.into()),
            Self::Percent(decimals) => format!("{}\u{a0}%", grouped(100.0 * value, decimals.into())),
        }
    }
}

/// Fixed decimals, thousands grouped by commas; what rounds to zero has no sign.
fn grouped(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::with_capacity(digits.len() + 8);
    if value < 0.0 && digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        text.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_grouped_and_signed() {
        let cases = [
            (NumberFormat::Count, 12_345.678, "12,346"),
            (NumberFormat::Count, 999.0, "999"),
            (NumberFormat::Count, 1_000_000.0, "1,000,000"),
            (NumberFormat::Decimals(2), -0.001, "0.00"),
            (NumberFormat::Decimals(4), 0.538_46, "0.5385"),
            (NumberFormat::Percent(1), 0.0543, "5.4\u{a0}%"),
            (NumberFormat::Percent(0), f64::NAN, "undefined"),
            (NumberFormat::Decimals(3), f64::NEG_INFINITY, "undefined"),
        ];
        for (format, value, text) in cases {
            assert_eq!(format.format(value), text);
        }
    }
}
