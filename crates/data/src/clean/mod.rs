//! From rows of cells to clean clicks: the rules, what breaks them, what is repaired, and the counts.
//!
//! 1. `header`: each column that the schema or the rules name is found in the header.
//! 2. `column`: each distinct value of such a column is judged once and known by a code from then on.
//! 3. `clicks`: rows become codes; a row that breaks a rule goes to the quarantine.
//! 4. `duplicates`: repeated rows are dropped or quarantined.
//! 5. `majority`: an item, a listing and a session have one value each; rows that disagree are repaired.

mod clicks;
mod column;
mod duplicates;
mod header;
mod majority;
mod quarantine;
mod report;
mod rules;

pub(crate) use clicks::{ClickTable, read_clicks};
pub(crate) use column::{Column, value_order};
pub(crate) use duplicates::settle_duplicates;
pub(crate) use majority::{count_disagreements, majority};
pub use quarantine::{Quarantine, QuarantinedRow};
pub(crate) use report::Ledger;
pub use report::{CleaningReport, Repair, RepairCount};
pub use rules::{Duplicates, NumericRange, Rule, Rules};
