//! The impressions: one slate per click, all items of the clicked item's page in it.
//!
//! Rows come in sorted by session (day, then place in the file) and order, so slates and impressions are appended once and never moved.

use super::Groups;
use super::catalogue::Settled;
use super::dense;
use crate::clean::{ClickTable, Ledger, Repair};
use crate::error::Error;
use crate::impression_log::{ContextColumn, ImpressionLog};
use crate::source::LogSource;

/// Lays the slates of all sessions end to end.
///
/// # Errors
/// [`Error::TooLarge`] beyond 2^32 - 1 impressions.
pub(super) fn build_slates(
    table: &ClickTable,
    settled: Settled,
    source: &LogSource,
    ledger: &mut Ledger,
) -> Result<ImpressionLog, Error> {
    let Settled { catalogue, item_of_row } = settled;
    let mut log = ImpressionLog { catalogue, ..ImpressionLog::default() };
    let session_of_row = add_sessions(&mut log, table);
    let sessions =
        Groups { table, of_row: session_of_row, count: log.session_ids.len(), repair: Repair::SessionMajority };
    for &slot in &table.slots.context {
        let column = &table.columns[slot];
        let (values, code) = dense(column, &sessions.settle(slot, ledger));
        log.context.push(ContextColumn { name: column.name.clone(), values, code });
    }
    add_impressions(&mut log, item_of_row, source)?;
    Ok(log)
}

/// Adds the sessions, and returns the session of each row.
fn add_sessions(log: &mut ImpressionLog, table: &ClickTable) -> Vec<u32> {
    let mut session_of_row = Vec::with_capacity(table.len());
    let mut last = None;
    for (row, code) in table.codes(table.slots.session).enumerate() {
        let day = table.clicks[row].day;
        if last != Some(code) {
            last = Some(code);
            log.session_ids.push(table.columns[table.slots.session].text(code).to_owned());
            log.session_day.push(day);
            log.session_offset.push(row as u32);
        }
        let session = log.session_ids.len() - 1;
        // A session begins on its earliest day, whatever its order says.
        log.session_day[session] = log.session_day[session].min(day);
        session_of_row.push(session as u32);
    }
    log.session_offset.push(table.len() as u32);
    session_of_row
}

fn add_impressions(log: &mut ImpressionLog, item_of_row: Vec<u32>, source: &LogSource) -> Result<(), Error> {
    let catalogue = &log.catalogue;
    let listing_of = |item: &u32| catalogue.listing_of[*item as usize];
    log.slate_listing = item_of_row.iter().map(listing_of).collect();
    let sizes: Vec<u64> = catalogue.listings.iter().map(|listing| listing.items.len() as u64).collect();
    let count: u64 = log.slate_listing.iter().map(|&listing| sizes[listing as usize]).sum();
    if count > u64::from(u32::MAX) {
        return Err(Error::TooLarge { path: source.path.clone(), what: "impressions", count });
    }
    log.item.reserve_exact(count as usize);
    log.position.reserve_exact(count as usize);
    log.click.reserve_exact(count as usize);
    log.slate_offset.reserve_exact(item_of_row.len() + 1);
    log.slate_offset.push(0);
    let positions = |items: &[u32]| items.iter().map(|&item| catalogue.position_of[item as usize]).collect();
    let position_on: Vec<Vec<u16>> = catalogue.listings.iter().map(|listing| positions(&listing.items)).collect();
    for (&listing, &choice) in log.slate_listing.iter().zip(&item_of_row) {
        let items = &catalogue.listings[listing as usize].items;
        log.item.extend_from_slice(items);
        log.position.extend_from_slice(&position_on[listing as usize]);
        log.click.extend(items.iter().map(|&item| item == choice));
        log.slate_offset.push(log.item.len() as u32);
    }
    log.slate_choice = item_of_row;
    Ok(())
}
