//! The mapping of a synthetic log, so that training runs on it at once.

use std::path::Path;

use super::response::TASKS;
use super::spec::SyntheticSpec;
use super::{EVENTS, ITEMS, USERS};
use crate::day::Day;
use crate::log::schema::{
    CsvSpec, Feedback, FeedbackKind, FileFormat, LogRules, Schema, SideTable, TimeSpec, TimeUnit,
};

impl SyntheticSpec {
    /// The schema of the files that [`generate`](super::generate) writes into `folder`: roles, feedback, and the tables of
    /// users and items, joined. A time after the last day and a price below zero are quarantined.
    pub fn schema(&self, folder: impl AsRef<Path>) -> Schema {
        let folder = folder.as_ref();
        let name = |name: &str| Some(name.to_owned());
        let table = |name: &str, file: &str, key: &str| SideTable {
            name: name.to_owned(),
            files: vec![folder.join(file)],
            format: Some(FileFormat::Parquet),
            csv: CsvSpec::default(),
            unpack: Vec::new(),
            key: key.to_owned(),
            on: key.to_owned(),
            only: std::collections::BTreeMap::new(),
            columns: std::collections::BTreeMap::new(),
        };
        let feedback = |(index, task): (usize, &str)| Feedback {
            name: task.to_owned(),
            column: task.to_owned(),
            kind: FeedbackKind::Binary,
            values: Vec::new(),
            at_least: None,
            requires: index.checked_sub(1).map(|before| TASKS[before].to_owned()),
        };
        Schema {
            files: vec![folder.join(EVENTS)],
            format: Some(FileFormat::Parquet),
            user: name("user"),
            item: name("item"),
            session: name("session"),
            time: Some(TimeSpec { column: name("time"), date: None, unit: Some(TimeUnit::Microseconds), format: None }),
            surface: name("surface"),
            position: name("position"),
            propensity: name("propensity"),
            price: name("price"),
            context: vec!["device".to_owned()],
            item_attributes: vec!["category".to_owned()],
            feedback: TASKS.into_iter().enumerate().map(feedback).collect(),
            tables: vec![table("users", USERS, "user"), table("items", ITEMS, "item")],
            rules: LogRules {
                earliest: Some(self.first_day),
                latest: Some(Day::from_number(self.first_day.number() + self.days as i32 - 1)),
                ..LogRules::default()
            },
            ..Schema::default()
        }
    }
}
