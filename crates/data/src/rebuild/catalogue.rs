//! The catalogue, settled from the clicks: one page, place, price and value of each attribute per item.
//!
//! ```text
//! rows   A18 1/1   A18 1/1   A18 2/1        catalogue   A18 on 1/1, one repaired cell in the column of the 2
//! ```

use std::collections::{BTreeMap, HashMap};

use super::{Groups, dense};
use crate::catalogue::{Catalogue, ItemAttribute, Listing};
use crate::clean::{ClickTable, Ledger, Repair, majority};
use crate::click_schema::ClickSchema;
use crate::error::Error;

/// Most values listed in a message.
const MOST_LISTED: usize = 10;

/// The catalogue, and the item that each row chose.
pub(crate) struct Settled {
    pub(crate) catalogue: Catalogue,
    pub(crate) item_of_row: Vec<u32>,
}

/// The pages that rows name: distinct combinations of the listing columns' codes.
struct Pages<'a> {
    table: &'a ClickTable,
    /// Per page, a code per listing column.
    codes: Vec<Vec<u32>>,
    /// Per page, its place in ascending order.
    rank: Vec<u32>,
    of_row: Vec<u32>,
}

/// Settles what the rows say about each item.
///
/// # Errors
/// [`Error::Config`] if no row has the value that marks a premium item.
pub(super) fn settle_catalogue(
    table: &ClickTable,
    schema: &ClickSchema,
    ledger: &mut Ledger,
) -> Result<Settled, Error> {
    let slots = &table.slots;
    let premium = premium_code(table, schema)?;
    let codes: Vec<u32> = table.codes(slots.item).collect();
    let (item_ids, item_of_row) = dense(&table.columns[slots.item], &codes);
    let items = Groups { table, of_row: item_of_row, count: item_ids.len(), repair: Repair::ItemMajority };

    let pages = Pages::of(table);
    let page_of_item = pages.settle(&items);
    let mut settled = BTreeMap::new();
    for (place, &slot) in slots.listing.iter().enumerate() {
        let codes: Vec<u32> = page_of_item.iter().map(|&page| pages.codes[page as usize][place]).collect();
        items.count_repairs(slot, &codes, ledger);
        settled.insert(slot, codes);
    }
    // A column may play several roles, and is settled and counted once.
    for &slot in [slots.position, slots.price, slots.premium].iter().chain(&slots.item_attributes) {
        settled.entry(slot).or_insert_with(|| items.settle(slot, ledger));
    }

    let number = |slot: usize| settled[&slot].iter().map(move |&code| table.columns[slot].number(code));
    let attributes = slots.item_attributes.iter().map(|&slot| {
        let (values, code) = dense(&table.columns[slot], &settled[&slot]);
        ItemAttribute { name: table.columns[slot].name.clone(), values, code }
    });
    let mut catalogue = Catalogue {
        price: number(slots.price).map(|price| price as f32).collect(),
        premium: settled[&slots.premium].iter().map(|&code| code == premium).collect(),
        position_of: number(slots.position).map(|position| position as u16).collect(),
        attributes: attributes.collect(),
        item_ids,
        ..Catalogue::default()
    };
    let surfaces =
        Groups { table, of_row: pages.of_row.clone(), count: pages.codes.len(), repair: Repair::ListingMajority };
    let surface_of_page = surfaces.settle(slots.surface, ledger);
    place_items(&mut catalogue, &pages, &page_of_item, &surface_of_page, schema);
    Ok(Settled { catalogue, item_of_row: items.of_row })
}

fn premium_code(table: &ClickTable, schema: &ClickSchema) -> Result<u32, Error> {
    let column = &table.columns[table.slots.premium];
    column.find(schema.premium.yes.trim_ascii()).ok_or_else(|| {
        let values: Vec<String> =
            column.texts().take(MOST_LISTED).map(|text| text.escape_debug().to_string()).collect();
        let mend = format!("no row has it in column {:?}, which holds {}", column.name, values.join(", "));
        Error::config("data.schema.premium.yes", format!("{:?}", schema.premium.yes), mend)
    })
}

impl<'a> Pages<'a> {
    fn of(table: &'a ClickTable) -> Self {
        let slots = &table.slots.listing;
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut codes: Vec<Vec<u32>> = Vec::new();
        let mut page = Vec::with_capacity(slots.len());
        let mut of_row = Vec::with_capacity(table.len());
        for row in 0..table.len() {
            page.clear();
            page.extend(slots.iter().map(|&slot| table.code(row, slot)));
            let index = known.get(&page).copied().unwrap_or_else(|| {
                known.insert(page.clone(), codes.len() as u32);
                codes.push(page.clone());
                codes.len() as u32 - 1
            });
            of_row.push(index);
        }
        let ranks: Vec<Vec<u32>> = slots.iter().map(|&slot| table.columns[slot].ranks()).collect();
        let place = |page: u32| -> Vec<u32> {
            codes[page as usize].iter().zip(&ranks).map(|(&code, ranks)| ranks[code as usize]).collect()
        };
        let mut ascending: Vec<u32> = (0..codes.len() as u32).collect();
        ascending.sort_by_cached_key(|&page| place(page));
        let mut rank = vec![0; codes.len()];
        for (place, &page) in ascending.iter().enumerate() {
            rank[page as usize] = place as u32;
        }
        Self { table, codes, rank, of_row }
    }

    /// The page of each item, by majority over the listing columns together.
    fn settle(&self, items: &Groups<'_>) -> Vec<u32> {
        let votes = items.of_row.iter().copied().zip(self.of_row.iter().copied());
        let winner = majority(items.count, votes, &self.rank);
        // Every item has a row, and every row names a page.
        winner.into_iter().map(Option::unwrap_or_default).collect()
    }
}

/// Fills in listings and surfaces; a page on which no item stands is none.
fn place_items(
    catalogue: &mut Catalogue,
    pages: &Pages<'_>,
    page_of_item: &[u32],
    surface_of_page: &[u32],
    schema: &ClickSchema,
) {
    let table = pages.table;
    let mut used = page_of_item.to_vec();
    used.sort_unstable_by_key(|&page| pages.rank[page as usize]);
    used.dedup();
    let codes: Vec<u32> = used.iter().map(|&page| surface_of_page[page as usize]).collect();
    let (values, surface_of_listing) = dense(&table.columns[table.slots.surface], &codes);
    // Two values with one readable name are one surface.
    let readable = |value: &String| schema.surface_names.get(value).unwrap_or(value).clone();
    for name in values.iter().map(readable) {
        if !catalogue.surfaces.contains(&name) {
            catalogue.surfaces.push(name);
        }
    }
    for (&page, &surface) in used.iter().zip(&surface_of_listing) {
        let names = pages.codes[page as usize].iter().zip(&table.slots.listing);
        let names: Vec<&str> = names.map(|(&code, &slot)| table.columns[slot].text(code)).collect();
        let surface = readable(&values[surface as usize]);
        let surface = catalogue.surfaces.iter().position(|known| *known == surface).unwrap_or_default() as u32;
        catalogue.listings.push(Listing { name: names.join("/"), surface, items: Vec::new() });
    }
    let listing_of_page: HashMap<u32, u32> = used.iter().copied().zip(0..).collect();
    catalogue.listing_of = page_of_item.iter().map(|page| listing_of_page[page]).collect();
    let mut items: Vec<u32> = (0..page_of_item.len() as u32).collect();
    items.sort_by_key(|&item| catalogue.position_of[item as usize]);
    for item in items {
        catalogue.listings[catalogue.listing_of[item as usize] as usize].items.push(item);
    }
}
