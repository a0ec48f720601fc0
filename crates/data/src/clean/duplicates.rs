//! Duplicates: a session has one click per place in its order.
//!
//! Of several rows with one session and one order the first in the file is kept. A later row with equal content is dropped and counted
//! (or quarantined, where the rules say so); one with other content contradicts it and is quarantined, for nothing tells which is right.
//!
//! ```text
//! line 2  session 7  order 1  A13     kept
//! line 5  session 7  order 1  A13     exact duplicate of line 2
//! line 9  session 7  order 1  B4      conflicting duplicate of line 2
//! ```

use super::clicks::ClickTable;
use super::quarantine::QuarantinedRow;
use super::report::Ledger;
use super::rules::{Duplicates, Rule};

/// Removes repeated rows, and sorts what is left by session (day, then place in the file) and order.
pub(crate) fn settle_duplicates(table: &mut ClickTable, policy: Duplicates, ledger: &mut Ledger) {
    let slot = table.slots.session;
    let mut rows: Vec<u32> = (0..table.len() as u32).collect();
    // Rows stand in the order of the file, and a stable sort leaves them so within a key.
    rows.sort_by_key(|&row| (table.code(row as usize, slot), table.clicks[row as usize].order));
    let mut first: Option<usize> = None;
    rows.retain(|&row| {
        let row = row as usize;
        let key = |row: usize| (table.code(row, slot), table.clicks[row].order);
        match first {
            Some(kept) if key(kept) == key(row) => {
                settle(table, kept, row, policy, ledger);
                false
            }
            _ => {
                first = Some(row);
                true
            }
        }
    });
    ledger.quarantine.rows.sort_by_key(|row| row.line);
    let begins = session_begins(table, &rows);
    rows.sort_by_key(|&row| begins[table.code(row as usize, slot) as usize]);
    table.select(&rows);
}

fn settle(table: &ClickTable, kept: usize, row: usize, policy: Duplicates, ledger: &mut Ledger) {
    let (kept, click) = (table.clicks[kept], table.clicks[row]);
    let same = kept.content == click.content;
    if same && policy == Duplicates::Drop {
        ledger.report.duplicates_dropped += 1;
        return;
    }
    let rule = if same { Rule::ExactDuplicate } else { Rule::ConflictingDuplicate };
    let with = if same { "the same" } else { "other" };
    let (session, order) = (&table.columns[table.slots.session], &table.columns[table.slots.order]);
    let column = format!("{}, {}", session.name, order.name);
    let value = format!("{}, {}", session.text(table.code(row, table.slots.session)), click.order);
    let message = format!("stands on line {} already, with {with} content", kept.line);
    ledger.quarantine(QuarantinedRow::new(click.line, &column, value.as_bytes(), rule, message));
}

/// Per code of a session, its first day and its first line.
fn session_begins(table: &ClickTable, rows: &[u32]) -> Vec<(i32, u64)> {
    let mut begins = Vec::new();
    for &row in rows {
        let session = table.code(row as usize, table.slots.session) as usize;
        let click = table.clicks[row as usize];
        begins.resize(begins.len().max(session + 1), (i32::MAX, u64::MAX));
        let (day, line): (i32, u64) = begins[session];
        begins[session] = (day.min(click.day), line.min(click.line));
    }
    begins
}
