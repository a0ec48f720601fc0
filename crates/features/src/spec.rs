//! `FeatureSpec`: which features a run uses, declared in its config.
//!
//! A categorical feature becomes a row number of an embedding table; a dense feature becomes a normalised number. Features look at the item shown, at the context of the session and at the clicks *before* the row: nothing here can see the row's own outcome or anything later.
//!
//! ```toml
//! [[features.categorical]]
//! name = "last_item"
//! source = { history_item = 1 }   # the item clicked last
//! table = "item"                  # shares the embedding of the item shown
//!
//! [[features.dense]]
//! name = "price"
//! source = "price"
//! transform = "log_standard"
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The features of a run, under `[features]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// Embedding width of tables that `width` does not name, ≥ 1.
    pub default_width: usize,
    /// Embedding width per table name, ≥ 1.
    #[serde(default)]
    pub width: BTreeMap<String, usize>,
    /// Values that occur in fewer train rows share row 0 with the unknown ones.
    #[serde(default = "one")]
    pub min_count: u64,
    /// Categorical features.
    #[serde(default)]
    pub categorical: Vec<CategoricalSpec>,
    /// Dense features.
    #[serde(default)]
    pub dense: Vec<DenseSpec>,
}

fn one() -> u64 {
    1
}

/// One categorical feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalSpec {
    /// Name, unique among all features.
    pub name: String,
    /// Where the value comes from.
    pub source: CategoricalSource,
    /// Embedding table; the feature's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// One dense feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseSpec {
    /// Name, unique among all features.
    pub name: String,
    /// Where the number comes from.
    pub source: DenseSource,
    /// How it is normalised.
    #[serde(default)]
    pub transform: Transform,
}

/// Where a categorical value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoricalSource {
    /// The item shown.
    Item,
    /// An attribute of the item shown.
    ItemAttribute(String),
    /// The listing (page) on which the item is shown.
    Listing,
    /// The item's place on that page.
    Position,
    /// A context column of the session.
    Context(String),
    /// The item clicked n clicks ago, 1 being the last one; absent in a shorter session.
    HistoryItem(usize),
    /// The listing of the item clicked n clicks ago.
    HistoryListing(usize),
    /// An attribute of the item clicked last.
    LastAttribute(String),
    /// How many clicks came before, cut at these ascending bounds: bucket = number of bounds ≤ depth.
    Depth(Vec<u32>),
    /// Day of the week on which the session began.
    Weekday,
}

/// Where a dense value comes from; "earlier clicks" are those of the same session before the row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenseSource {
    /// Price of the item shown.
    Price,
    /// Its price minus the price of the item clicked last; absent before the first click.
    PriceMinusLast,
    /// Its price minus the mean price of the earlier clicks; absent before the first click.
    PriceMinusHistory,
    /// Number of earlier clicks.
    Depth,
    /// Number of distinct items among the earlier clicks.
    DistinctItems,
    /// How often the item shown was clicked earlier.
    TimesClicked,
    /// Share of premium items among the earlier clicks, in [0, 1]; absent before the first click.
    PremiumShare,
    /// Share of the earlier clicks whose item has the shown item's value of an attribute, in [0, 1]; absent before the first click.
    HistoryShare(String),
    /// Share of the earlier clicks on the shown item's listing, in [0, 1]; absent before the first click.
    ListingShare,
    /// 1 if the item stands on the page of the last click, else 0; absent before the first click.
    SameListing,
}

/// How a dense value is normalised; mean and deviation are those of the train rows where the value is present. An absent value becomes 0, the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// As it is.
    None,
    /// (x − mean) / deviation.
    #[default]
    Standard,
    /// (ln(1 + x) − mean) / deviation, for counts and prices; x ≥ 0.
    LogStandard,
}
