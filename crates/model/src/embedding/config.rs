//! `EmbeddingConfig`: how the tables of a model are stored, per table where one needs it.
//!
//! ```toml
//! [model.embedding]
//! storage = "f32"
//! [model.embedding.table.user]          # what differs for one table
//! storage = "bf16"                      # half the memory
//! hash = { buckets = 1_000_000, functions = 2 }
//! admit_after = 5
//! ```

use crate::Error;
use serde::{Deserialize, Serialize};
use slatewise_features::FeatureLayout;
use std::collections::BTreeMap;

/// The section `[model.embedding]` of a configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddingConfig {
    /// Storage of tables that are not named below.
    pub storage: Storage,
    /// What differs for single tables, by name.
    pub table: BTreeMap<String, TableConfig>,
}

/// How one table is stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableConfig {
    /// Number format of the weights; the model's by default.
    pub storage: Option<Storage>,
    /// Fewer rows than ids: several ids share rows.
    pub hash: Option<HashConfig>,
    /// How often an id must have been seen in training before it gets its own row; until then it is row 0, "unknown".
    /// At most 255; 0 and 1 admit at once. Rows of hashed tables are shared, so the two do not go together.
    pub admit_after: u8,
}

/// Several hash functions into one table of fewer rows; an id's embedding is the sum of its rows.
///
/// # Reference
/// Svenstrup, Hansen, Winther 2017, "Hash Embeddings for Efficient Word Representations", with importance weights of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashConfig {
    /// Rows of the table, at least 2; row 0 stays "unknown or absent".
    pub buckets: usize,
    /// Hash functions, 1 to 8; two make it unlikely that two ids share all their rows.
    #[serde(default = "one")]
    pub functions: usize,
}

fn one() -> usize {
    1
}

/// Number format of a table's weights. Arithmetic and the optimiser's state are f32 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// 4 bytes a value.
    #[default]
    F32,
    /// 2 bytes a value, the upper half of an f32. Updates are rounded up or down at random in proportion, else those
    /// below 1/256 of a weight would be lost; the draw depends on step, row and column alone.
    Bf16,
}

impl EmbeddingConfig {
    /// The settings of a table.
    pub(crate) fn of(&self, table: &str) -> TableConfig {
        let own = self.table.get(table).cloned().unwrap_or_default();
        TableConfig { storage: Some(own.storage.unwrap_or(self.storage)), ..own }
    }

    /// Checks the settings against the tables there are.
    pub(crate) fn validate(&self, layout: &FeatureLayout) -> Result<(), Error> {
        for (name, table) in &self.table {
            let refuse = |value: String, mend| Err(Error::InvalidConfig { key: "model.embedding.table", value, mend });
            if !layout.tables.iter().any(|known| known.name == *name) {
                return refuse(
                    name.clone(),
                    "name an embedding table: a categorical feature, or what its `table` says",
                );
            }
            let Some(hash) = table.hash else { continue };
            let value = format!("{name}: {hash:?}");
            if hash.buckets < 2 || hash.buckets > u32::MAX as usize {
                return refuse(value, "give `buckets` from 2 to 4294967295");
            }
            if !(1..=8).contains(&hash.functions) {
                return refuse(value, "give 1 to 8 hash `functions`");
            }
            if table.admit_after > 1 {
                return refuse(value, "take `hash` or `admit_after`: hashed ids share rows, none is admitted alone");
            }
        }
        Ok(())
    }
}
