//! `Schema`: which column of any log plays which role, of which type it is, and what a row must satisfy; under `[schema]`.
//!
//! ```toml
//! [schema]
//! files = ["events/*.csv.gz"]                     # files, folders, patterns; relative to the config
//! user = "visitor"                                # roles: each takes a column's name
//! item = "product"
//! session = "visit"
//! time = { column = "ts", unit = "milliseconds" }
//! surface = "page"
//! position = "rank"
//! propensity = "p"
//! price = "price"
//! context = ["country"]                           # one value per session or user; a feature
//! item_attributes = ["brand"]
//!
//! [[schema.feedback]]                             # 1 where the cell is one of these texts
//! name = "purchase"
//! column = "event"
//! values = ["transaction"]
//!
//! [schema.columns.age]                            # anything else: type, range, domain, privacy
//! type = "integer"
//! min = 0
//! max = 120
//!
//! [schema.rules]
//! max_quarantined_share = 0.1
//! ```
//!
//! # Names of the typed columns
//!
//! A column with a role is called by its role from ingest on: `user`, `item`, `session`, `time`, `surface`, `position`,
//! `propensity`, `price`; a feedback by its declared name; any other column keeps its own name (or `rename`). Ids (`user`,
//! `item`, `session`) are text as it stands in the file: `0` and `00` are two ids, and no id is too long. `time` is
//! microseconds since 1970-01-01 UTC as a 64-bit integer.

mod check;
mod column;
mod feedback;
mod files;
mod resolve;
mod roles;
mod rules;
mod side_table;
mod typed;

use serde::{Deserialize, Serialize};

pub use self::column::{Available, ColumnPrivacy, ColumnSpec, ColumnType};
pub use self::feedback::{Feedback, FeedbackKind};
pub use self::files::{CsvSpec, FileFormat, Packed, Unpack};
pub use self::roles::{TimeSpec, TimeUnit};
pub use self::rules::{Duplicates, Impossible, LogRules, Privacy};
pub use self::side_table::SideTable;
pub use self::typed::{Role, TypedColumn, TypedKind, TypedSchema};

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A log's mapping.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Files, folders or patterns (`*`, `?`, `**`), read one after the other in ascending order of their paths.
    pub files: Vec<PathBuf>,
    /// Form of the files; known by their content unless declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FileFormat>,
    /// How CSV is written.
    #[serde(default, skip_serializing_if = "CsvSpec::is_default")]
    pub csv: CsvSpec,
    /// JSON lines: a list within each line, of which every element becomes a row; its fields are columns `<list>.<field>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explode: Option<String>,
    /// Cells that hold several values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpack: Vec<Unpack>,
    /// Texts that stand for no value, on top of the empty cell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Column of the user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Column of the item's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Column of the session's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// When the row happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSpec>,
    /// Column of the surface, such as the page or tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface: Option<String>,
    /// Column of the place within the slate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Column of the probability with which the row was shown, above 0 and at most 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propensity: Option<String>,
    /// Column of the price, ≥ 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Columns that describe the situation: features as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// Columns that describe the item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item_attributes: Vec<String>,
    /// What users did, a column each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<Feedback>,
    /// Types, ranges, domains and privacy of columns by their name in the file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnSpec>,
    /// Whether columns that are not mentioned are kept (as features) or left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub only_declared: bool,
    /// Tables of users, items or anything else, joined by their key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<SideTable>,
    /// What rows must satisfy.
    #[serde(default)]
    pub rules: LogRules,
    /// How people are protected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
}

fn is_false(value: &bool) -> bool {
    !value
}
