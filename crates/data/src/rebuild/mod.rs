//! From clicks to impressions: what else stood on the page when an item was clicked.
//!
//! The log holds clicks only, but each click names the page (listing) on which it was made, and each item has one page and one place on it.
//! So a click is taken as a choice from a slate: the items of that page, in the order of their places.
//!
//! ```text
//! click on A4 of page 1/1   →   slate  [ A1  A2  A4  A7 ]   click  [ 0  0  1  0 ]
//! ```
//!
//! **Assumptions**, none of which the log can confirm:
//!
//! 1. The visitor saw everything on the page.
//! 2. Pages are static: an item stood on its page, at its place, on every day of the log, also before it was first clicked.
//! 3. The catalogue is a snapshot of the whole period, all parts of a split included; items that nobody clicked are not in it.
//! 4. Where rows disagree about an item's page, place, price or attributes, most rows are right. The columns that name a page are settled
//!    together, because settling them one by one could send an item to a page that does not exist.
//!
//! A row that cleaning removed leaves a gap: the click after it becomes the next click of the session.

mod catalogue;
mod slates;

use crate::clean::{ClickTable, Column, Ledger, Repair, count_disagreements, majority};
use crate::error::Error;
use crate::impression_log::ImpressionLog;
use crate::source::LogSource;

/// Builds the catalogue and the impressions of clean clicks, and completes the ledger's report.
///
/// # Errors
/// [`Error::Config`] if no row has the value that marks a premium item, [`Error::TooLarge`] beyond 32-bit indices.
pub(crate) fn rebuild(table: &ClickTable, source: &LogSource, ledger: &mut Ledger) -> Result<ImpressionLog, Error> {
    let settled = catalogue::settle_catalogue(table, &source.schema, ledger)?;
    let log = slates::build_slates(table, settled, source, ledger)?;
    let report = &mut ledger.report;
    report.rows_kept = log.slates() as u64;
    report.sessions = log.sessions() as u64;
    report.items = log.catalogue.len() as u64;
    report.listings = log.catalogue.listings.len() as u64;
    report.impressions = log.impressions() as u64;
    report.first_day = log.days().map(|days| *days.start());
    report.last_day = log.days().map(|days| *days.end());
    Ok(log)
}

/// A way to put rows into groups that must agree, such as all rows of an item.
struct Groups<'a> {
    table: &'a ClickTable,
    /// Group of each row.
    of_row: Vec<u32>,
    /// Number of groups; each has a row.
    count: usize,
    /// What bringing a row into line is counted as.
    repair: Repair,
}

impl Groups<'_> {
    /// One code per group: the majority's. Blank cells have no vote beside others.
    fn settle(&self, slot: usize, ledger: &mut Ledger) -> Vec<u32> {
        let column = &self.table.columns[slot];
        let blank = column.find("");
        let votes = || self.of_row.iter().copied().zip(self.table.codes(slot));
        let spoken = votes().filter(|&(_, code)| Some(code) != blank);
        let winner = majority(self.count, spoken, &column.ranks());
        // A group without votes holds blanks alone.
        let winner: Vec<u32> = winner.into_iter().map(|code| code.or(blank).unwrap_or_default()).collect();
        self.count_repairs(slot, &winner, ledger);
        winner
    }

    fn count_repairs(&self, slot: usize, winner: &[u32], ledger: &mut Ledger) {
        let votes = self.of_row.iter().copied().zip(self.table.codes(slot));
        let rows = count_disagreements(votes, winner);
        ledger.repaired(&self.table.columns[slot].name, self.repair, rows);
    }
}

/// The distinct values of some codes in ascending order, and for each code its index among them.
fn dense(column: &Column, codes: &[u32]) -> (Vec<String>, Vec<u32>) {
    let ranks = column.ranks();
    let mut distinct = codes.to_vec();
    distinct.sort_unstable_by_key(|&code| ranks[code as usize]);
    distinct.dedup();
    let mut index = vec![0; ranks.len()];
    for (place, &code) in distinct.iter().enumerate() {
        index[code as usize] = place as u32;
    }
    let values = distinct.iter().map(|&code| column.text(code).to_owned()).collect();
    (values, codes.iter().map(|&code| index[code as usize]).collect())
}
