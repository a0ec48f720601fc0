//! A time → its hour, weekday, day of the month and month, and the time of day as a point on a circle.
//!
//! ```text
//! sin(2π t / 24 h), cos(2π t / 24 h)      t = time of day at the place; 23:59 and 00:01 are neighbours
//! ```
//!
//! # Reference
//! H. Hinnant 2013, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`: the proleptic Gregorian calendar.

use serde::{Deserialize, Serialize};

use super::number::Unfit;
use super::spec::{CalendarColumn, CalendarPart};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// Whole microseconds up to here are exact as float64: the year 2255.
const LAST: f64 = 9_007_199_254_740_992.0;

/// A fitted column of times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Calendar {
    pub(super) column: String,
    pub(super) input: usize,
    pub(super) parts: Vec<CalendarPart>,
    /// Embedding table of the first part; the others' follow.
    pub(super) first_table: usize,
    pub(super) cyclic: bool,
    /// Microseconds that the place is ahead of UTC.
    offset: i64,
}

impl Calendar {
    pub(super) fn new(spec: &CalendarColumn, input: usize, first_table: usize) -> Self {
        let offset = (spec.utc_offset_hours * HOUR as f64).round() as i64;
        let (column, parts) = (spec.column.clone(), spec.parts.clone());
        Self { column, input, parts, first_table, cyclic: spec.cyclic, offset }
    }

    /// Appends the rows of the parts and the dense values of a time; NaN is a missing one.
    pub(super) fn encode(&self, time: f64, ids: &mut Vec<u32>, dense: &mut Vec<f32>) -> Result<(), Unfit> {
        let local = self.local(time)?;
        ids.extend(self.parts.iter().map(|&part| local.map_or(0, |local| row(part, local))));
        if self.cyclic {
            let (sin, cos) = local.map_or((0.0, 0.0), |local| {
                (local.rem_euclid(DAY) as f64 / DAY as f64 * std::f64::consts::TAU).sin_cos()
            });
            dense.extend([sin as f32, cos as f32]);
        }
        Ok(())
    }

    /// Rows of the parts of a time.
    pub(super) fn rows(&self, time: f64) -> Result<impl Iterator<Item = u32> + '_, Unfit> {
        let local = self.local(time)?;
        Ok(self.parts.iter().map(move |&part| local.map_or(0, |local| row(part, local))))
    }

    fn local(&self, time: f64) -> Result<Option<i64>, Unfit> {
        if time.is_nan() {
            return Ok(None);
        }
        if time.abs() > LAST {
            return Err(("it is no time in microseconds since 1970", "divide it, or leave the cell empty"));
        }
        Ok(Some(time.floor() as i64 + self.offset))
    }
}

/// Number of rows of a part's embedding table, with row 0.
pub(super) fn count(part: CalendarPart) -> usize {
    match part {
        CalendarPart::Hour => 25,
        CalendarPart::Weekday => 8,
        CalendarPart::DayOfMonth => 32,
        CalendarPart::Month => 13,
    }
}

fn row(part: CalendarPart, local: i64) -> u32 {
    let day = local.div_euclid(DAY);
    let row = match part {
        CalendarPart::Hour => local.rem_euclid(DAY) / HOUR + 1,
        // 1970-01-01 was a Thursday.
        CalendarPart::Weekday => (day + 3).rem_euclid(7) + 1,
        CalendarPart::DayOfMonth => month_and_day(day).1,
        CalendarPart::Month => month_and_day(day).0,
    };
    row as u32
}

/// Month and day of the month, each from 1, of a day counted from 1970-01-01.
fn month_and_day(day: i64) -> (i64, i64) {
    // Years begin in March, so that leap days come last; eras have 400 years.
    let of_era = (day + 719_468).rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month + 2) / 5 + 1;
    (if month < 10 { month + 3 } else { month - 9 }, day_of_month)
}

#[cfg(test)]
mod tests {
    use slatewise_data::Day;

    use super::*;

    fn encoded(hours: f64, time: f64) -> Result<(Vec<u32>, Vec<f32>), Unfit> {
        let mut spec = CalendarColumn::new("time", CalendarPart::ALL);
        (spec.cyclic, spec.utc_offset_hours) = (true, hours);
        let (mut ids, mut dense) = (Vec::new(), Vec::new());
        Calendar::new(&spec, 0, 0).encode(time, &mut ids, &mut dense)?;
        Ok((ids, dense))
    }

    #[test]
    fn parts_are_those_of_the_calendar() -> Result<(), Unfit> {
        // 2008-02-29 18:00 UTC was a Friday.
        let time = 1_204_308_000e6;
        let (ids, dense) = encoded(0.0, time)?;
        assert_eq!(ids, [19, 5, 29, 2]);
        assert!((dense[0] + 1.0).abs() < 1e-6 && dense[1].abs() < 1e-6);
        // Five and a half hours ahead it is 23:30, seven hours ahead Saturday the 1st of March.
        assert_eq!(encoded(5.5, time)?.0, [24, 5, 29, 2]);
        assert_eq!(encoded(7.0, time)?.0, [2, 6, 1, 3]);
        // A microsecond before 1970.
        assert_eq!(encoded(0.0, -1.0)?.0, [24, 3, 31, 12]);
        assert_eq!(encoded(0.0, f64::NAN)?, (vec![0; 4], vec![0.0; 2]));
        assert!(encoded(0.0, 1e16).is_err() && encoded(0.0, f64::INFINITY).is_err());
        Ok(())
    }

    #[test]
    fn months_and_days_are_those_of_another_calendar() {
        for day in (-200_000..200_000).step_by(17).chain(-800..800) {
            let text = Day::from_number(day).to_string();
            let (month, day) = month_and_day(day.into());
            assert!(text.ends_with(&format!("-{month:02}-{day:02}")), "{text}: {month} {day}");
        }
    }
}
