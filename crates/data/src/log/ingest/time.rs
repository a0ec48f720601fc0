//! Cells as times: numbers of a unit, ISO 8601, or a declared format; microseconds since 1970-01-01 UTC.
//!
//! ```text
//! unit seconds        1659304800                       1659304800.025
//! unit milliseconds   1659304800025
//! ISO 8601            2022-07-31   2022-07-31 22:00:00.025   2022-07-31T22:00Z   2022-08-01T00:00:00+02:00
//! format "%d.%m.%Y"   31.07.2022
//! ```
//!
//! A time must lie between `schema.rules.earliest` and `latest`. One that does not, and would in another unit, was written
//! in that unit: `mixed_time_unit`. Between 1990 and today, no time can be read in two units.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;

use super::cell::Fault;
use super::number::{number, whole};
use crate::day::Day;
use crate::log::schema::{LogRules, TimeUnit};

/// Microseconds of a day.
pub(in crate::log) const DAY: i64 = 86_400_000_000;

/// All units, with the ending that counts them.
pub(in crate::log) const UNITS: [(TimeUnit, &str); 5] = [
    (TimeUnit::Seconds, "seconds"),
    (TimeUnit::Milliseconds, "milliseconds"),
    (TimeUnit::Microseconds, "microseconds"),
    (TimeUnit::Nanoseconds, "nanoseconds"),
    (TimeUnit::Days, "days"),
];

/// The times that may be.
#[derive(Debug, Clone)]
pub(in crate::log) struct TimeRange {
    /// First microsecond.
    first: i64,
    /// Microsecond behind the last one.
    end: i64,
    /// The days, in words.
    before: String,
    after: String,
}

impl TimeRange {
    /// From the declared days, or from 1990 to the day after that of `now`.
    pub(in crate::log) fn new(rules: &LogRules, now_microseconds: i64) -> Self {
        let earliest = rules.earliest.or_else(|| Day::from_civil(1990, 1, 1)).unwrap_or(Day::from_number(0));
        let today = now_microseconds.div_euclid(DAY) as i32;
        let latest = rules.latest.unwrap_or(Day::from_number(today.saturating_add(1)));
        Self {
            first: i64::from(earliest.number()) * DAY,
            end: (i64::from(latest.number()) + 1) * DAY,
            before: format!("before {earliest}, schema.rules.earliest"),
            after: format!(
                "after {latest}, {}",
                if rules.latest.is_some() { "schema.rules.latest" } else { "the day after today" }
            ),
        }
    }

    pub(in crate::log) fn holds(&self, time: i64) -> bool {
        (self.first..self.end).contains(&time)
    }

    #[inline]
    fn judge(&self, time: i64) -> Result<i64, Fault> {
        if time < self.first {
            Err(Fault::new("time_out_of_range", self.before.clone()))
        } else if time >= self.end {
            Err(Fault::new("time_in_future", self.after.clone()))
        } else {
            Ok(time)
        }
    }
}

/// How the cells of the time column are read, once that is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) enum TimeForm {
    /// Numbers.
    Unit(TimeUnit),
    /// ISO 8601.
    Iso,
    /// A format as in `strftime`.
    Format(String),
}

/// Reads times of a form within a range.
#[derive(Debug, Clone)]
pub(in crate::log) struct TimeReader {
    pub(in crate::log) form: TimeForm,
    pub(in crate::log) range: TimeRange,
}

impl TimeReader {
    /// A text.
    #[inline]
    pub(in crate::log) fn text(&self, cell: &[u8]) -> Result<i64, Fault> {
        match &self.form {
            TimeForm::Unit(_) => match whole(cell) {
                Ok(value) => self.integer(value),
                Err(_) => self.fraction(cell),
            },
            TimeForm::Iso => match iso(cell) {
                Some(time) => self.range.judge(time),
                None if number(cell).is_ok() => Err(mixed("a number where the other times are dates")),
                None => Err(unparsable("not an ISO 8601 time")),
            },
            TimeForm::Format(format) => match formatted(format, cell) {
                Some(time) => self.range.judge(time),
                None => Err(unparsable("not of the format schema.time.format")),
            },
        }
    }

    fn fraction(&self, cell: &[u8]) -> Result<i64, Fault> {
        match number(cell) {
            Ok(value) => self.float(value),
            Err(_) if iso(cell).is_some() => Err(mixed("a date where the other times are numbers")),
            Err(_) => Err(unparsable("not a number of the time's unit")),
        }
    }

    /// A whole number of the unit.
    #[inline]
    pub(in crate::log) fn integer(&self, value: i64) -> Result<i64, Fault> {
        let time = self.unit().and_then(|unit| from_integer(unit, value)).ok_or_else(|| unparsable("beyond all times"));
        match time.and_then(|time| self.range.judge(time)) {
            Ok(time) => Ok(time),
            Err(fault) => Err(self.other_unit(|unit| from_integer(unit, value)).unwrap_or(fault)),
        }
    }

    /// A number of the unit.
    pub(in crate::log) fn float(&self, value: f64) -> Result<i64, Fault> {
        let time = self.unit().and_then(|unit| from_float(unit, value)).ok_or_else(|| unparsable("beyond all times"));
        match time.and_then(|time| self.range.judge(time)) {
            Ok(time) => Ok(time),
            Err(fault) => Err(self.other_unit(|unit| from_float(unit, value)).unwrap_or(fault)),
        }
    }

    /// A time that is microseconds already.
    pub(in crate::log) fn microseconds(&self, time: i64) -> Result<i64, Fault> {
        self.range.judge(time)
    }

    fn unit(&self) -> Option<TimeUnit> {
        match self.form {
            TimeForm::Unit(unit) => Some(unit),
            TimeForm::Iso | TimeForm::Format(_) => None,
        }
    }

    #[cold]
    fn other_unit(&self, read: impl Fn(TimeUnit) -> Option<i64>) -> Option<Fault> {
        let fits = |unit| read(unit).is_some_and(|time| self.range.holds(time));
        let (_, other) = UNITS.iter().find(|(unit, _)| fits(*unit))?;
        let (_, own) = UNITS.iter().find(|(unit, _)| Some(*unit) == self.unit())?;
        Some(mixed(format!("{other} where the other times are {own}")))
    }
}

fn mixed(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new("mixed_time_unit", message)
}

fn unparsable(message: &'static str) -> Fault {
    Fault::new("unparsable_time", message)
}

/// A number of a unit in microseconds; fractions of them are cut off.
pub(in crate::log) fn from_integer(unit: TimeUnit, value: i64) -> Option<i64> {
    match unit {
        TimeUnit::Seconds => value.checked_mul(1_000_000),
        TimeUnit::Milliseconds => value.checked_mul(1000),
        TimeUnit::Microseconds => Some(value),
        TimeUnit::Nanoseconds => Some(value.div_euclid(1000)),
        TimeUnit::Days => value.checked_mul(DAY),
    }
}

/// As [`from_integer`], of a number with a fraction, to the nearest microsecond.
pub(in crate::log) fn from_float(unit: TimeUnit, value: f64) -> Option<i64> {
    let factor = match unit {
        TimeUnit::Seconds => 1e6,
        TimeUnit::Milliseconds => 1e3,
        TimeUnit::Microseconds => 1.0,
        TimeUnit::Nanoseconds => 1e-3,
        TimeUnit::Days => DAY as f64,
    };
    let time = (value * factor).round();
    (time.abs() < 9e18).then_some(time as i64)
}

/// ISO 8601: a date, or a date and a time with `T` or a space between them, with or without an offset.
#[inline]
pub(in crate::log) fn iso(cell: &[u8]) -> Option<i64> {
    plain(cell).or_else(|| rare(cell))
}

/// `YYYY-MM-DD[ T]HH:MM:SS[.f][Z|+00:00]` and `YYYY-MM-DD`, without a detour.
#[inline]
fn plain(cell: &[u8]) -> Option<i64> {
    let (date, rest) = cell.split_first_chunk::<10>()?;
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = date else { return None };
    let year = two(*y3, *y2)? * 100 + two(*y1, *y0)?;
    let days = days_from_civil(year, two(*m1, *m0)?, two(*d1, *d0)?)?;
    if rest.is_empty() {
        return Some(days * DAY);
    }
    let (time, rest) = rest.split_first_chunk::<9>()?;
    let [b' ' | b'T', h1, h0, b':', n1, n0, b':', s1, s0] = time else { return None };
    let (hour, minute, second) = (two(*h1, *h0)?, two(*n1, *n0)?, two(*s1, *s0)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = fraction(rest)?;
    matches!(rest, b"" | b"Z" | b"+00:00")
        .then_some(days * DAY + (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction)
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// `.025` in microseconds, further digits cut off; and what follows.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = rest else { return Some((0, rest)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = digits[..count.min(6)].iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
    (1..=9).contains(&count).then(|| (value * 10_i64.pow(6 - count.min(6) as u32), &digits[count..]))
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
///
/// # Reference
/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms* (2013), `days_from_civil`.
#[inline]
pub(in crate::log) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(0..=9999).contains(&year) || day < 1 || day > last {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Whatever else of ISO 8601 jiff knows: no seconds, offsets, more digits.
fn rare(cell: &[u8]) -> Option<i64> {
    // A number of 8 digits would be a date to jiff, and is more likely something else.
    if cell.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(cell).ok()?;
    let time = text.parse::<Timestamp>().map(Timestamp::as_microsecond);
    time.or_else(|_| text.parse::<DateTime>().map(|time| of_datetime(time, Offset::UTC))?).ok()
}

fn of_datetime(time: DateTime, offset: Offset) -> Result<i64, jiff::Error> {
    offset.to_timestamp(time).map(Timestamp::as_microsecond)
}

/// A text of a declared format.
fn formatted(format: &str, cell: &[u8]) -> Option<i64> {
    let parsed = BrokenDownTime::parse(format, cell).ok()?;
    if let Ok(time) = parsed.to_timestamp() {
        return Some(time.as_microsecond());
    }
    let date = parsed.to_date().ok()?;
    let time = if parsed.hour().is_some() { parsed.to_time().ok()? } else { Time::midnight() };
    of_datetime(date.to_datetime(time), parsed.offset().unwrap_or(Offset::UTC)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2022-07-31 22:00:00 UTC.
    const EVENING: i64 = 1_659_304_800_000_000;

    fn reader(form: TimeForm) -> TimeReader {
        TimeReader { form, range: TimeRange::new(&LogRules::default(), EVENING) }
    }

    #[test]
    fn iso_in_many_forms() {
        let day = 1_659_225_600_000_000;
        for (text, time) in [
            ("2022-07-31", day),
            ("2022-07-31 22:00:00", EVENING),
            ("2022-07-31T22:00:00Z", EVENING),
            ("2022-07-31 22:00:00+00:00", EVENING),
            ("2022-07-31T22:00:00.025", EVENING + 25_000),
            ("2022-07-31 22:00:00.0250019", EVENING + 25_001),
            ("2022-08-01T00:00:00+02:00", EVENING),
            ("2022-07-31T22:00", EVENING),
            ("2022-07-31T22:00Z", EVENING),
            ("2022-07-31 22:00:00.025001999Z", EVENING + 25_001),
        ] {
            assert_eq!(iso(text.as_bytes()), Some(time), "{text}");
        }
        for text in
            ["2022-02-29", "2022-13-01", "2022-07-31 24:00:00", "31.07.2022", "20220731", "07/31/2022", "", "soon"]
        {
            assert_eq!(iso(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_calendar_agrees_with_jiff_on_every_day_of_five_centuries() {
        for number in -100_000..100_000 {
            let text = Day::from_number(number).to_string();
            assert_eq!(plain(text.as_bytes()), Some(i64::from(number) * DAY), "{text}");
        }
    }

    #[test]
    fn numbers_of_every_unit() {
        for (unit, text) in [
            (TimeUnit::Seconds, "1659304800"),
            (TimeUnit::Seconds, "1659304800.0"),
            (TimeUnit::Milliseconds, "1659304800000"),
            (TimeUnit::Microseconds, "1659304800000000"),
            (TimeUnit::Nanoseconds, "1659304800000000000"),
        ] {
            assert_eq!(reader(TimeForm::Unit(unit)).text(text.as_bytes()), Ok(EVENING), "{text}");
        }
        assert_eq!(reader(TimeForm::Unit(TimeUnit::Seconds)).text(b"1659304800.025"), Ok(EVENING + 25_000));
        assert_eq!(reader(TimeForm::Unit(TimeUnit::Days)).text(b"19204"), Ok(19_204 * DAY));
    }

    #[test]
    fn another_unit_is_told_from_a_wrong_time() {
        let seconds = reader(TimeForm::Unit(TimeUnit::Seconds));
        let says = |text: &str| seconds.text(text.as_bytes()).map_err(|fault| (fault.rule, fault.message.into_owned()));
        let mixed = |message: &str| Err(("mixed_time_unit", message.to_owned()));
        assert_eq!(says("1659304800025"), mixed("milliseconds where the other times are seconds"));
        assert_eq!(says("1659304800000000000"), mixed("nanoseconds where the other times are seconds"));
        assert_eq!(says("2022-07-31"), mixed("a date where the other times are numbers"));
        assert_eq!(says("0"), Err(("time_out_of_range", "before 1990-01-01, schema.rules.earliest".to_owned())));
        // The first second of the day after tomorrow.
        assert_eq!(says("1659398400"), Err(("time_in_future", "after 2022-08-01, the day after today".to_owned())));
        assert_eq!(says("1659398399"), Ok(1_659_398_399_000_000));
        assert_eq!(says("yesterday"), Err(("unparsable_time", "not a number of the time's unit".to_owned())));
        let iso = reader(TimeForm::Iso);
        assert_eq!(iso.text(b"1659304800").map_err(|fault| fault.rule), Err("mixed_time_unit"));
        assert_eq!(iso.text(b"2099-01-01").map_err(|fault| fault.rule), Err("time_in_future"));
    }

    #[test]
    fn declared_formats() {
        for (format, text) in [
            ("%d.%m.%Y %H:%M", "31.07.2022 22:00"),
            ("%m/%d/%Y %I:%M:%S %p", "7/31/2022 10:00:00 PM"),
            ("%Y-%m-%d %H:%M:%S %z", "2022-08-01 00:00:00 +0200"),
        ] {
            assert_eq!(reader(TimeForm::Format(format.to_owned())).text(text.as_bytes()), Ok(EVENING), "{text}");
        }
        let days = reader(TimeForm::Format("%Y%m%d".to_owned()));
        assert_eq!(days.text(b"20220731"), Ok(19_204 * DAY));
        assert_eq!(days.text(b"20220732").map_err(|fault| fault.rule), Err("unparsable_time"));
    }

    #[test]
    fn declared_days_include_themselves() {
        let day = |text: &str| text.parse::<Day>().ok();
        let rules = LogRules { earliest: day("2020-01-01"), latest: day("2020-01-02"), ..LogRules::default() };
        let reader = TimeReader { form: TimeForm::Iso, range: TimeRange::new(&rules, EVENING) };
        assert!(reader.text(b"2020-01-01").is_ok() && reader.text(b"2020-01-02 23:59:59").is_ok());
        assert_eq!(reader.text(b"2019-12-31 23:59:59").map_err(|fault| fault.rule), Err("time_out_of_range"));
        let late = reader.text(b"2020-01-03").map_err(|fault| fault.message.into_owned());
        assert_eq!(late, Err("after 2020-01-02, schema.rules.latest".to_owned()));
    }
}
