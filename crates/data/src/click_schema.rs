//! `ClickSchema`: which column of a click log plays which role, declared under `[data.schema]`.
//!
//! ```toml
//! delimiter = ";"
//! session = "session ID"                       # the visit a click belongs to
//! order = "order"                              # place of the click in the visit
//! date = { year = "year", month = "month", day = "day" }
//! item = "model"                               # what was clicked
//! position = "location"                        # where on the page the item stands
//! listing = ["category", "page"]               # the columns that together name a page
//! surface = "category"                         # the kind of page
//! surface_names = { 1 = "trousers", 4 = "sale" }
//! price = "price"
//! premium = { column = "price 2", yes = "1" }
//! item_attributes = ["colour"]                 # one value per item
//! context = ["country"]                        # one value per session
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The roles of a log's columns; every column named here must stand in the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickSchema {
    /// The character between two cells, one ASCII character; a comma unless declared.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// Session id, any text.
    pub session: String,
    /// Place of the click in its session, a whole number ≥ 0; gaps are allowed.
    pub order: String,
    /// Item id, any text.
    pub item: String,
    /// Place of the item on its page, a whole number from 0 to 65,535; several items may share one.
    pub position: String,
    /// The columns which together name the page.
    pub listing: Vec<String>,
    /// The column that names the surface of the page.
    pub surface: String,
    /// Price of the item, > 0.
    pub price: String,
    /// Categorical columns with one value per item.
    #[serde(default)]
    pub item_attributes: Vec<String>,
    /// Categorical columns with one value per session.
    #[serde(default)]
    pub context: Vec<String>,
    /// The day of the click.
    pub date: DateColumns,
    /// The column and value that mark a premium item.
    pub premium: Premium,
    /// Readable names for the values of `surface`; a value without one keeps its own.
    #[serde(default)]
    pub surface_names: BTreeMap<String, String>,
}

/// The columns that hold the day of a click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateColumns {
    /// Year, four digits.
    pub year: String,
    /// Month, 1 to 12.
    pub month: String,
    /// Day of the month, 1 to 31.
    pub day: String,
}

/// The mark of a premium item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Premium {
    /// The column that tells.
    pub column: String,
    /// The value that says yes; any other says no.
    pub yes: String,
}

fn comma() -> char {
    ','
}

impl ClickSchema {
    /// The delimiter as the byte that stands in the file.
    ///
    /// # Errors
    /// [`Error::Config`] if it is not one ASCII character, or one that has another meaning in a CSV file.
    pub fn delimiter_byte(&self) -> Result<u8, Error> {
        match u8::try_from(self.delimiter) {
            Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(byte),
            _ => {
                let value = format!("{:?}", self.delimiter);
                Err(Error::config(
                    "data.schema.delimiter",
                    value,
                    "must be one ASCII character, such as \",\", \";\" or \"\\t\"",
                ))
            }
        }
    }

    /// Checks what can be checked without the file.
    ///
    /// # Errors
    /// [`Error::Config`] for an impossible delimiter, no listing column, or a column that is named twice in a list.
    pub fn check(&self) -> Result<(), Error> {
        self.delimiter_byte()?;
        if self.listing.is_empty() {
            return Err(Error::config("data.schema.listing", "[]", "name the columns that together tell a page"));
        }
        for (key, list) in
            [("listing", &self.listing), ("item_attributes", &self.item_attributes), ("context", &self.context)]
        {
            for (i, column) in list.iter().enumerate() {
                if list[..i].contains(column) {
                    return Err(Error::config(
                        format!("data.schema.{key}[{i}]"),
                        format!("{column:?}"),
                        "is named twice; name it once",
                    ));
                }
            }
        }
        Ok(())
    }
}
