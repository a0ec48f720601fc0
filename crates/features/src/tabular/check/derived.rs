//! The checks of crosses, calendars, statistics of labels and vectors.

use std::collections::BTreeSet;

use super::super::combination::MOST_COLUMNS;
use super::super::spec::{CalendarColumn, CrossColumn, TableTask, TargetColumn, VectorColumn};
use super::bad;
use crate::error::Error;

const WIDTH: (&str, &str) = ("an embedding of width 0 holds nothing", "give at least 1; 4 to 64 are usual");
/// Folds cost memory each, and change little beyond ten.
const MOST_FOLDS: u32 = 100;
/// Wider vectors are no embeddings.
const MOST_NUMBERS: u32 = 65_536;

impl CrossColumn {
    pub(super) fn validate(&self) -> Result<(), Error> {
        let key = |name: &str| format!("table.cross.{}.{name}", self.name());
        if !(2..=MOST_COLUMNS).contains(&self.columns.len()) {
            let problem = format!("{} columns are no cross", self.columns.len());
            return bad(key("columns"), problem, "name two to four columns");
        }
        different(&self.columns, key("columns"))?;
        if self.width == 0 {
            return bad(key("width"), WIDTH.0, WIDTH.1);
        }
        match self.buckets {
            Some(0 | u32::MAX) => bad(key("buckets"), "out of range", "give at least 1 and below 4294967295"),
            Some(_) if self.min_count > 1 => {
                bad(key("min_count"), "hashing keeps no vocabulary to cut off", "leave out `min_count` or `buckets`")
            }
            _ => Ok(()),
        }
    }
}

impl CalendarColumn {
    pub(super) fn validate(&self) -> Result<(), Error> {
        let key = |name: &str| format!("table.calendar.{}.{name}", self.column);
        if self.parts.is_empty() && !self.cyclic {
            return bad(
                key("parts"),
                "nothing of the time is asked for",
                "name parts such as \"hour\", or cyclic = true",
            );
        }
        if let Some((at, part)) = self.parts.iter().enumerate().find(|&(at, part)| self.parts[..at].contains(part)) {
            let problem = format!("`{}` stands there twice, at place {}", part.name(), at + 1);
            return bad(key("parts"), problem, "leave one of them out");
        }
        if self.width == 0 {
            return bad(key("width"), WIDTH.0, WIDTH.1);
        }
        if !(-26.0..=26.0).contains(&self.utc_offset_hours) {
            let problem = format!("no clock is {} hours ahead of UTC", self.utc_offset_hours);
            return bad(key("utc_offset_hours"), problem, "give -12 to 14, such as 5.5");
        }
        Ok(())
    }
}

impl TargetColumn {
    pub(super) fn validate(&self, tasks: &[TableTask]) -> Result<(), Error> {
        let key = |name: &str| format!("table.target.{}.{name}", self.name());
        let columns: Vec<String> = self.columns().cloned().collect();
        if self.column.is_some() && !self.columns.is_empty() {
            return bad(key("column"), "`columns` is given too", "leave one of the two out");
        }
        if !(1..=MOST_COLUMNS).contains(&columns.len()) {
            let problem = format!("{} columns are named", columns.len());
            return bad(key("columns"), problem, "name one to four columns");
        }
        different(&columns, key("columns"))?;
        if !tasks.iter().any(|task| task.name == self.task) {
            let known: Vec<String> = tasks.iter().map(|task| format!("`{}`", task.name)).collect();
            let problem = format!("there is no task `{}`", self.task);
            return bad(key("task"), problem, format!("name one of {}", known.join(", ")));
        }
        if !(self.prior_rows > 0.0 && self.prior_rows.is_finite()) {
            let problem = format!("{} is no number of rows", self.prior_rows);
            return bad(key("prior_rows"), problem, "give a number above 0, such as 20.0");
        }
        if !(2..=MOST_FOLDS).contains(&self.folds) {
            return bad(key("folds"), format!("{} is out of range", self.folds), "give 2 to 100; 5 is usual");
        }
        if let Some(task) = tasks.iter().find(|task| self.group.as_ref() == Some(&task.label.column)) {
            let problem = format!("it is the label of task `{}`: rows of one label would lie in one fold", task.name);
            return bad(key("group"), problem, "name a column such as the user, or leave it out");
        }
        Ok(())
    }
}

impl VectorColumn {
    pub(super) fn validate(&self) -> Result<(), Error> {
        if !(1..=MOST_NUMBERS).contains(&self.width) {
            let key = format!("table.vector.{}.width", self.column);
            return bad(key, format!("{} is out of range", self.width), "give the numbers of each vector, 1 to 65536");
        }
        Ok(())
    }
}

fn different(columns: &[String], key: String) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    match columns.iter().find(|column| !seen.insert(*column)) {
        Some(twice) => bad(key, format!("`{twice}` stands there twice"), "name each column once"),
        None => Ok(()),
    }
}
