//! Logs by a mapping: what `train`, `data check` and `data clean` share.
//!
//! ```text
//! [schema] ──▶ clean.rs: typed, quarantined, deduplicated, joined ──▶ parts.rs: derived columns, train | validation | test
//!                                   └──▶ gates.rs: leaks, drift, duplicates, propensities ──▶ findings
//! ```

pub(crate) mod clean;
pub(crate) mod config;
pub(crate) mod gates;
pub(crate) mod parts;
pub(crate) mod report;
