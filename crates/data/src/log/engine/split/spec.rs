//! `PartsSpec`: how rows are divided into train, validation and test, under `[split]`.
//!
//! ```toml
//! [split]
//! kind = "chronological"   # train before validation before test; or "random"
//! validation = 0.1         # shares of the rows
//! test = 0.2
//! order = "time"           # chronological: by time, or by "row", the order of the files
//! group = "user"           # random: rows of one user lie in one part
//! seed = 7                 # random: another seed, another division
//! ```

use serde::{Deserialize, Serialize};

use crate::log::error::LogError;
use crate::log::schema::{Role, TypedKind, TypedSchema};

/// How rows are divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartsSpec {
    /// By time or at random.
    pub kind: PartsKind,
    /// Share of the rows in the validation part, above 0.
    pub validation: f64,
    /// Share of the rows in the test part, above 0; what is left is train.
    pub test: f64,
    /// Chronological: what comes first. By time where the log has one, unless declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<PartsOrder>,
    /// Random: the column whose equal values stay together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Random: what the division depends on, beside the rows.
    pub seed: u64,
}

/// By time or at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartsKind {
    /// Train lies before validation, and validation before test: as the model will be used.
    #[default]
    Chronological,
    /// Each row, or group of rows, lies in a part by a hash.
    Random,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartsOrder {
    /// The earlier time. Rows of one time lie in one part, the later one.
    Time,
    /// The earlier row of the files.
    Row,
}

impl Default for PartsSpec {
    fn default() -> Self {
        Self { kind: PartsKind::default(), validation: 0.1, test: 0.2, order: None, group: None, seed: 0 }
    }
}

impl PartsSpec {
    /// Whether these columns can be divided so.
    ///
    /// # Errors
    /// [`LogError::Config`] naming the key.
    pub fn check(&self, schema: &TypedSchema) -> Result<(), LogError> {
        for (key, share) in [("split.validation", self.validation), ("split.test", self.test)] {
            if !(share > 0.0 && share < 1.0) {
                return Err(LogError::config(key, share.to_string(), "give a share of the rows, above 0 and below 1"));
            }
        }
        if self.validation + self.test >= 1.0 {
            let sum = (self.validation + self.test).to_string();
            return Err(LogError::config("split.validation + split.test", sum, "leave rows to train on: stay below 1"));
        }
        if self.order == Some(PartsOrder::Time) && schema.with_role(&Role::Time).next().is_none() {
            let mend = "the log has no time; declare schema.time, or divide by \"row\"";
            return Err(LogError::config("split.order", "time", mend));
        }
        let Some(group) = &self.group else { return Ok(()) };
        if self.kind == PartsKind::Chronological {
            return Err(LogError::config("split.group", group, "leave it out, or choose kind = \"random\""));
        }
        match schema.column(group).map(|column| column.kind) {
            None => Err(LogError::config("split.group", group, "name a typed column")),
            Some(TypedKind::Vector) => Err(LogError::config("split.group", group, "a vector is no group")),
            Some(_) => Ok(()),
        }
    }
}
