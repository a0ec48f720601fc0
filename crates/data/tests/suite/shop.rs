//! A small shop for tests: its mapping, and the start of its log.
//!
//! ```text
//! page 1/1 (tops)   place 1: A1, A2   place 2: A3
//! page 2/1 (sale)   place 1: B1
//! ```

use slatewise_data::{Error, LoadedLog, LogSource, load_reader};

pub(crate) const HEADER: &str = "visit;n;y;m;d;land;kind;page;item;place;colour;price;dear;note\n";

const MAPPING: &str = r#"
path = "shop.csv"
[schema]
delimiter = ";"
session = "visit"
order = "n"
date = { year = "y", month = "m", day = "d" }
item = "item"
position = "place"
listing = ["kind", "page"]
surface = "kind"
surface_names = { 1 = "tops", 2 = "sale" }
price = "price"
premium = { column = "dear", yes = "1" }
item_attributes = ["colour"]
context = ["land"]
[rules]
max_quarantined_share = 1.0
ranges = { place = { min = 1, max = 6 } }
"#;

/// The mapping of the small shop, with which any share may be quarantined.
pub(crate) fn source() -> LogSource {
    match toml::from_str(MAPPING) {
        Ok(source) => source,
        Err(error) => unreachable!("{error}"),
    }
}

/// One sound row: session, order, day of April 2008, item.
pub(crate) fn row(visit: &str, order: u32, day: u32, item: &str) -> String {
    let place = match item {
        "A1" => "1;1;A1;1;red;20;0",
        "A2" => "1;1;A2;1;blue;30;0",
        "A3" => "1;1;A3;2;red;40;1",
        "B1" => "2;1;B1;1;blue;10;1",
        other => unreachable!("the shop has no item {other}"),
    };
    format!("{visit};{order};2008;4;{day};29;{place};\n")
}

/// Two visits over all items, in lines 2 to 6.
pub(crate) fn sound_rows() -> String {
    [row("v1", 1, 1, "A1"), row("v1", 2, 1, "A3"), row("v1", 3, 1, "B1"), row("v2", 1, 2, "A2"), row("v2", 2, 2, "A1")]
        .concat()
}

/// Loads rows below the header.
pub(crate) fn load(rows: &str) -> Result<LoadedLog, Error> {
    load_reader([HEADER, rows].concat().as_bytes(), &source())
}
