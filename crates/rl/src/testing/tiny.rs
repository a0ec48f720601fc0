//! A log of three sessions over four items, small enough to compute with by hand.
//!
//! ```text
//! item      0     1     2     3
//! listing   0     0     1     1
//! price    10    20    30    40
//! premium   no    no    no   yes
//! colour    0     1     0     2
//! sessions [0, 3, 1]  [2]  [0, 1]
//! ```
#![expect(clippy::unwrap_used, reason = "the tiny log is a constant of the tests")]

use slatewise_data::{Catalogue, ContextColumn, ImpressionLog, ItemAttribute, Listing};
use slatewise_eval::catalog::ItemDistance;

use crate::reward::{RewardSpec, SessionReward};
use crate::simulator::{ResponseTables, Situation};

/// The tiny log with what its clicks are worth.
pub(crate) struct TinyShop {
    pub(crate) log: ImpressionLog,
    spec: RewardSpec,
    distance: ItemDistance,
}

impl TinyShop {
    pub(crate) fn new(spec: RewardSpec) -> Self {
        let log = tiny_log();
        let distance = tiny_distance(&log.catalogue);
        Self { log, spec, distance }
    }

    pub(crate) fn reward(&self) -> SessionReward<'_> {
        SessionReward { spec: &self.spec, catalogue: &self.log.catalogue, distance: &self.distance }
    }
}

pub(crate) fn tiny_log() -> ImpressionLog {
    let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let listing =
        |name: &str, surface, items: [u32; 2]| Listing { name: name.to_owned(), surface, items: items.to_vec() };
    let colour =
        ItemAttribute { name: "colour".to_owned(), values: text(&["black", "red", "white"]), code: vec![0, 1, 0, 2] };
    let catalogue = Catalogue {
        item_ids: text(&["a", "b", "c", "d"]),
        price: vec![10.0, 20.0, 30.0, 40.0],
        premium: vec![false, false, false, true],
        listing_of: vec![0, 0, 1, 1],
        position_of: vec![1, 2, 1, 2],
        attributes: vec![colour],
        listings: vec![listing("tops/1", 0, [0, 1]), listing("sale/1", 1, [2, 3])],
        surfaces: text(&["tops", "sale"]),
    };
    let choices = vec![0, 3, 1, 2, 0, 1];
    let listings: Vec<u32> = choices.iter().map(|&item: &u32| catalogue.listing_of[item as usize]).collect();
    let item: Vec<u32> = listings.iter().flat_map(|&l| catalogue.listings[l as usize].items.clone()).collect();
    let click = item.iter().enumerate().map(|(row, &item)| choices[row / 2] == item).collect();
    ImpressionLog {
        position: item.iter().map(|&item| catalogue.position_of[item as usize]).collect(),
        catalogue,
        context: vec![ContextColumn { name: "country".to_owned(), values: text(&["x", "y"]), code: vec![0, 1, 0] }],
        session_ids: text(&["1", "2", "3"]),
        session_day: vec![10, 10, 11],
        session_offset: vec![0, 3, 4, 6],
        slate_listing: listings,
        slate_choice: choices,
        slate_offset: (0..=6).map(|slate| slate * 2).collect(),
        item,
        click,
        propensity: None,
    }
}

/// Distance by colour alone: 0 or 1.
pub(crate) fn tiny_distance(catalogue: &Catalogue) -> ItemDistance {
    ItemDistance::from_catalogue(catalogue, &["colour"]).unwrap()
}

/// Tables with two depth buckets; situation 0 (item 0, first click) continues with 0.8 and prefers listing 1 three to one.
pub(crate) fn tiny_tables() -> ResponseTables {
    let mut tables = ResponseTables::empty(&tiny_log().catalogue, &[2]);
    for index in 0..tables.situations() {
        let x = index as f64;
        tables.set(Situation(index), 0.8 - 0.05 * x, &[1.0 + x, 3.0], &[1.0, 4.0, 2.0 + x, 1.0]);
    }
    tables
}
