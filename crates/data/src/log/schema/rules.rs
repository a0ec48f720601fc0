//! `LogRules` and `Privacy`: what rows must satisfy, and how people are protected.

use serde::{Deserialize, Serialize};

use crate::day::Day;

/// What rows must satisfy, under `[schema.rules]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogRules {
    /// Largest share of rows that may be quarantined, 0 to 1.
    pub max_quarantined_share: f64,
    /// What happens to a row whose content repeats an earlier row's.
    pub duplicates: Duplicates,
    /// Typed columns that name a row: of two rows that agree in these and differ elsewhere, the later one is quarantined.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<String>,
    /// First day that a time may have; 1990-01-01 unless declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Day>,
    /// Last day that a time may have; the day of the run unless declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Day>,
    /// Combinations that cannot be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub impossible: Vec<Impossible>,
}

impl Default for LogRules {
    fn default() -> Self {
        Self {
            max_quarantined_share: 0.1,
            duplicates: Duplicates::Drop,
            unique: Vec::new(),
            earliest: None,
            latest: None,
            impossible: Vec::new(),
        }
    }
}

/// What happens to a row whose content repeats an earlier row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It is dropped and counted.
    Drop,
    /// It is kept and counted: where rows have no id and no time, equal rows may be different events.
    Keep,
    /// It is quarantined.
    Quarantine,
}

/// A combination that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impossible {
    /// Names the rule in counts and quarantine.
    pub name: String,
    /// SQL over the typed columns; rows of which it is true are quarantined: `purchase = 1 AND click = 0`.
    #[serde(rename = "where")]
    pub condition: String,
}

/// How people are protected, under `[schema.privacy]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Environment variable that holds the key, at least 16 bytes; the command line reads it, no library does.
    pub key_variable: String,
    /// Roles and columns whose values are replaced by a keyed hash; user and session unless declared.
    #[serde(default = "user_and_session")]
    pub pseudonymise: Vec<String>,
    /// Columns which together could tell a person, for the k-anonymity check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quasi_identifiers: Vec<String>,
    /// Smallest number of rows that must share their quasi-identifiers, ≥ 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
}

fn user_and_session() -> Vec<String> {
    vec!["user".to_owned(), "session".to_owned()]
}
