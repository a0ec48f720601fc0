//! A shop of four items on two pages, with three sessions, small enough to check by hand.
//!
//! ```text
//! page 0 (coats)  A1 10.0   A2 20.0 premium        page 1 (sale)  B1 30.0   B2 40.0 premium
//! session 0: A1 A2 B1      session 1: A1 A1        session 2 (later): B2
//! ```

use slatewise_data::{Catalogue, ContextColumn, ImpressionLog, ItemAttribute, Listing};

pub(crate) fn log() -> ImpressionLog {
    let catalogue = Catalogue {
        item_ids: ["A1", "A2", "B1", "B2"].map(str::to_owned).to_vec(),
        price: vec![10.0, 20.0, 30.0, 40.0],
        premium: vec![false, true, false, true],
        listing_of: vec![0, 0, 1, 1],
        position_of: vec![1, 2, 1, 2],
        attributes: vec![ItemAttribute {
            name: "colour".to_owned(),
            values: vec!["blue".to_owned(), "red".to_owned()],
            code: vec![0, 1, 1, 0],
        }],
        listings: vec![
            Listing { name: "coats".to_owned(), surface: 0, items: vec![0, 1] },
            Listing { name: "sale".to_owned(), surface: 1, items: vec![2, 3] },
        ],
        surfaces: vec!["coats".to_owned(), "sale".to_owned()],
    };
    let country = ContextColumn {
        name: "country".to_owned(),
        values: vec!["PL".to_owned(), "CZ".to_owned()],
        code: vec![0, 0, 1],
    };
    let choices = [0, 1, 2, 0, 0, 3];
    let mut log = ImpressionLog {
        catalogue,
        context: vec![country],
        session_ids: ["1", "2", "3"].map(str::to_owned).to_vec(),
        session_day: vec![13_970, 13_970, 13_971],
        session_offset: vec![0, 3, 5, 6],
        slate_choice: choices.to_vec(),
        slate_offset: vec![0],
        ..ImpressionLog::default()
    };
    for choice in choices {
        let listing = log.catalogue.listing_of[choice as usize];
        log.slate_listing.push(listing);
        for &item in &log.catalogue.listings[listing as usize].items {
            log.item.push(item);
            log.position.push(log.catalogue.position_of[item as usize]);
            log.click.push(item == choice);
        }
        log.slate_offset.push(log.item.len() as u32);
    }
    log
}
