//! The header: finds the columns that the schema and the rules name, and says which slot of a row each role reads.
//!
//! A column may play several roles (a category names the surface and is part of the listing); it is read once, and must satisfy all of them.

use std::path::{Path, PathBuf};

use super::column::{Checks, Column};
use super::rules::Rules;
use crate::click_schema::ClickSchema;
use crate::error::Error;
use crate::nearest::nearest;
use crate::read::Cells;

/// Longest list of columns shown in a message, in characters.
const LONGEST_LIST: usize = 300;

/// Which column of `ClickTable` each role reads.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    pub(crate) session: usize,
    pub(crate) order: usize,
    pub(crate) year: usize,
    pub(crate) month: usize,
    pub(crate) day: usize,
    pub(crate) item: usize,
    pub(crate) position: usize,
    pub(crate) surface: usize,
    pub(crate) price: usize,
    pub(crate) premium: usize,
    pub(crate) listing: Vec<usize>,
    pub(crate) item_attributes: Vec<usize>,
    pub(crate) context: Vec<usize>,
}

/// The names in the file's first line.
pub(crate) struct Header {
    path: PathBuf,
    names: Vec<String>,
}

impl Header {
    pub(crate) fn new(path: &Path, cells: &Cells<'_>) -> Self {
        let names = (0..cells.len()).map(|i| String::from_utf8_lossy(cells.get(i)).trim().to_owned());
        Self { path: path.to_path_buf(), names: names.collect() }
    }

    /// Number of cells that a row must have.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    fn find(&self, column: &str, key: &str) -> Result<usize, Error> {
        let (path, key, column) = (self.path.clone(), key.to_owned(), column.to_owned());
        let mut places = (0..self.names.len()).filter(|&i| self.names[i] == column);
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (Some(_), Some(_)) => Err(Error::AmbiguousColumn { path, key, column }),
            (None, _) => {
                let hint = match nearest(&column, self.names.iter().map(String::as_str)) {
                    Some(name) => format!("nearest: {name:?}"),
                    None if self.names.len() == 1 => "the header is one column: mend data.schema.delimiter".to_owned(),
                    None => "name one of the header's".to_owned(),
                };
                Err(Error::MissingColumn { path, key, column, hint, header: self.list() })
            }
        }
    }

    fn list(&self) -> String {
        let list = self.names.join(", ").escape_debug().to_string();
        match list.char_indices().nth(LONGEST_LIST) {
            Some((end, _)) => format!("{}…", &list[..end]),
            None => list,
        }
    }

    /// The columns to read and the slots of their roles.
    ///
    /// # Errors
    /// The first column, in the order in which cells are judged, that is missing or stands twice.
    pub(crate) fn bind(&self, schema: &ClickSchema, rules: &Rules) -> Result<(Vec<Column>, Slots), Error> {
        let mut binder = Binder { header: self, columns: Vec::new() };
        let slots = binder.roles(schema)?;
        for (i, column) in rules.required.iter().enumerate() {
            binder.slot(column, &format!("data.rules.required[{i}]"), Checks::REQUIRED)?;
        }
        for (column, &range) in &rules.ranges {
            binder.slot(column, &format!("data.rules.ranges.{column:?}"), Checks::within(range))?;
        }
        Ok((binder.columns, slots))
    }
}

struct Binder<'a> {
    header: &'a Header,
    columns: Vec<Column>,
}

impl Binder<'_> {
    fn slot(&mut self, column: &str, key: &str, checks: Checks) -> Result<usize, Error> {
        let index = self.header.find(column, key)?;
        match self.columns.iter().position(|known| known.index == index) {
            Some(slot) => {
                self.columns[slot].checks = self.columns[slot].checks.and(checks);
                Ok(slot)
            }
            None => {
                self.columns.push(Column::new(column, index, checks));
                Ok(self.columns.len() - 1)
            }
        }
    }

    fn list(&mut self, columns: &[String], key: &str, checks: Checks) -> Result<Vec<usize>, Error> {
        let slots = columns.iter().enumerate().map(|(i, column)| self.slot(column, &format!("{key}[{i}]"), checks));
        slots.collect()
    }

    fn roles(&mut self, schema: &ClickSchema) -> Result<Slots, Error> {
        let date = Checks::whole(-9999.0, 9999.0);
        Ok(Slots {
            session: self.slot(&schema.session, "data.schema.session", Checks::REQUIRED)?,
            order: self.slot(&schema.order, "data.schema.order", Checks::whole(0.0, f64::from(u32::MAX)))?,
            year: self.slot(&schema.date.year, "data.schema.date.year", date)?,
            month: self.slot(&schema.date.month, "data.schema.date.month", date)?,
            day: self.slot(&schema.date.day, "data.schema.date.day", date)?,
            item: self.slot(&schema.item, "data.schema.item", Checks::REQUIRED)?,
            position: self.slot(&schema.position, "data.schema.position", Checks::whole(0.0, f64::from(u16::MAX)))?,
            listing: self.list(&schema.listing, "data.schema.listing", Checks::REQUIRED)?,
            surface: self.slot(&schema.surface, "data.schema.surface", Checks::REQUIRED)?,
            price: self.slot(&schema.price, "data.schema.price", Checks::price())?,
            premium: self.slot(&schema.premium.column, "data.schema.premium.column", Checks::REQUIRED)?,
            item_attributes: self.list(&schema.item_attributes, "data.schema.item_attributes", Checks::TEXT)?,
            context: self.list(&schema.context, "data.schema.context", Checks::TEXT)?,
        })
    }
}
