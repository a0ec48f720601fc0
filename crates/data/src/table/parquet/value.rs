//! One value: what is stored → a number, or the text of an id.

use std::io::Write as _;

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The float64 nearest to `whole / 10^scale`.
pub(super) fn decimal(whole: i128, scale: u32) -> f64 {
    match POWERS.get(scale as usize) {
        // Both are exact, so that the division rounds once.
        Some(power) if whole.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS => whole as f64 / power,
        _ => format!("{whole}e-{scale}").parse().unwrap_or(f64::NAN),
    }
}

/// A whole number in two's complement, most significant byte first; at most 38 digits, however many bytes.
pub(super) fn whole(bytes: &[u8]) -> i128 {
    let fill = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [fill; 16];
    let kept = &bytes[bytes.len().saturating_sub(16)..];
    wide[16 - kept.len()..].copy_from_slice(kept);
    i128::from_be_bytes(wide)
}

/// A float16, least significant byte first.
///
/// # Reference
/// IEEE 754-2019, binary16: `(-1)^s × 2^(e − 15) × (1 + f / 1024)`, and `2^−14 × f / 1024` for `e` = 0.
pub(super) fn half(bytes: &[u8]) -> f64 {
    let [low, high] = [bytes.first(), bytes.get(1)].map(|byte| u16::from(byte.copied().unwrap_or(0)));
    let bits = high << 8 | low;
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Writes an integer as text.
pub(super) fn digits(value: i128, into: &mut Vec<u8>) {
    into.clear();
    // Writing to a Vec cannot fail.
    let _ = match i64::try_from(value) {
        Ok(value) => write!(into, "{value}"),
        Err(_) => write!(into, "{value}"),
    };
}

/// Writes a UUID as text, such as `6ba7b810-9dad-11d1-80b4-00c04fd430c8`.
///
/// # Reference
/// RFC 9562, section 4.
pub(super) fn uuid(bytes: &[u8], into: &mut Vec<u8>) {
    into.clear();
    for (place, byte) in bytes.iter().enumerate() {
        let hyphen = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(into, "{hyphen}{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_once() {
        assert_eq!(decimal(1, 1), 0.1);
        assert_eq!(decimal(-12_345, 2), -123.45);
        assert_eq!(decimal(12_345_678_901_234_567_890_123, 22), 1.234_567_890_123_456_8);
        assert_eq!(decimal(7, 30), 7e-30);
        assert_eq!(decimal(1 << 53, 0), 9_007_199_254_740_992.0);
    }

    #[test]
    fn whole_numbers_keep_their_sign() {
        assert_eq!((whole(&[0xff]), whole(&[0x00, 0xff]), whole(&[])), (-1, 255, 0));
        let mut long = [0xff; 20];
        long[19] = 0xfe;
        assert_eq!(whole(&long), -2);
    }

    #[test]
    fn halves_are_exact() {
        let of = |bits: u16| half(&bits.to_le_bytes());
        assert_eq!((of(0x3c00), of(0xc000), of(0x3555)), (1.0, -2.0, 0.333_251_953_125));
        assert_eq!((of(0x0001), of(0x7bff), of(0x8000)), (2_f64.powi(-24), 65_504.0, -0.0));
        assert_eq!((of(0x7c00), of(0xfc00)), (f64::INFINITY, f64::NEG_INFINITY));
        assert!(of(0x7e00).is_nan());
    }

    #[test]
    fn ids_are_written_as_text() {
        let mut text = Vec::new();
        digits(i128::from(u64::MAX), &mut text);
        assert_eq!(text, b"18446744073709551615");
        digits(-7, &mut text);
        assert_eq!(text, b"-7");
        uuid(&0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8_u128.to_be_bytes(), &mut text);
        assert_eq!(text, b"6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    }
}
