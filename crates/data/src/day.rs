//! `Day`: a calendar day, counted from 1970-01-01, written `YYYY-MM-DD`.
//!
//! Logs are split by day, so the day is a number that sorts and subtracts; the proleptic Gregorian calendar is `jiff`'s.
//!
//! ```
//! use slatewise_data::Day;
//!
//! let day: Day = "2008-04-30".parse()?;
//! assert_eq!(day.number(), 13_999);
//! assert_eq!(Day::from_number(14_000).to_string(), "2008-05-01");
//! assert_eq!(Day::from_civil(2008, 4, 31), None);
//! # Ok::<(), slatewise_data::NotADay>(())
//! ```

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// A calendar day between the years -9999 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(i32);

/// The text is not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day; write YYYY-MM-DD, in quotes")]
pub struct NotADay(String);

impl Day {
    /// The day of a calendar date, if there is such a date.
    pub fn from_civil(year: i16, month: i8, day: i8) -> Option<Self> {
        Some(Self::from_date(Date::new(year, month, day).ok()?))
    }

    /// The day that lies `number` days after 1970-01-01.
    pub fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01, negative before.
    pub fn number(self) -> i32 {
        self.0
    }

    fn from_date(date: Date) -> Self {
        // Both ends lie within ±9999 years, so the days fit in 32 bits.
        Self((date.duration_since(EPOCH).as_hours() / 24) as i32)
    }

    fn date(self) -> Option<Date> {
        let span: Span = 0.days().try_days(self.0).ok()?;
        EPOCH.checked_add(span).ok()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        // jiff also reads a time after the date; a day is only a day.
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        date.map(Self::from_date).ok_or_else(|| NotADay(text.to_owned()))
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;

    fn try_from(text: String) -> Result<Self, NotADay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2008-07-16", 14_076),
            ("9999-12-31", 2_932_896),
            ("-9999-01-01", -4_371_587),
        ] {
            // jiff writes years before 0 with six digits.
            assert_eq!(Day::from_number(number).to_string().replace("-009999", "-9999"), text);
        }
        assert_eq!("2008-07-16".parse(), Ok(Day(14_076)));
        assert_eq!(Day::from_number(i32::MAX).to_string(), "day 2147483647");
    }

    #[test]
    fn what_is_not_a_day_is_said() {
        for text in ["2008-04-31", "2008-7-16", "2008-07-16T10:00", "16.07.2008", ""] {
            assert_eq!(text.parse::<Day>(), Err(NotADay(text.to_owned())));
        }
        assert_eq!(NotADay("x".into()).to_string(), "\"x\" is not a day; write YYYY-MM-DD, in quotes");
    }
}
