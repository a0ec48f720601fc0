//! The catalogue: what each item is, and where it stands in the shop.
//!
//! Items, listings, surfaces and attribute values are indices into the vectors here; the outside ids are kept as strings for reports only.

use serde::{Deserialize, Serialize};

use crate::clean::value_order;

/// Items with their attributes, and the listings (pages) that show them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// Outside id per item, in ascending order (numbers by size, then text by its bytes); the place here is the item index.
    pub item_ids: Vec<String>,
    /// Price per item, in the log's currency, > 0.
    pub price: Vec<f32>,
    /// Whether the item is premium (for the e-shop: priced above its category's mean).
    pub premium: Vec<bool>,
    /// Listing index per item.
    pub listing_of: Vec<u32>,
    /// Place on the listing's page per item, as logged (1 to 6 in the e-shop).
    pub position_of: Vec<u16>,
    /// Categorical attributes of items.
    pub attributes: Vec<ItemAttribute>,
    /// The listings; each item stands in exactly one.
    pub listings: Vec<Listing>,
    /// Names of the surfaces that listings belong to.
    pub surfaces: Vec<String>,
}

/// One categorical attribute over all items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemAttribute {
    /// Column name in the log.
    pub name: String,
    /// Distinct values, ascending.
    pub values: Vec<String>,
    /// Per item, an index into `values`.
    pub code: Vec<u32>,
}

/// A page that shows several items at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// Readable name: the listing columns' values, joined by `/`.
    pub name: String,
    /// Index into `Catalogue::surfaces`.
    pub surface: u32,
    /// Items shown, ascending by (position, item index).
    pub items: Vec<u32>,
}

impl Catalogue {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.item_ids.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.item_ids.is_empty()
    }

    /// The index of an outside id.
    pub fn item(&self, id: &str) -> Option<u32> {
        let found = self.item_ids.binary_search_by(|known| value_order(known, id));
        found.ok().map(|item| item as u32)
    }

    /// The attribute of a column name.
    pub fn attribute(&self, name: &str) -> Option<&ItemAttribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// Surface index of an item.
    pub fn surface_of(&self, item: u32) -> u32 {
        self.listings[self.listing_of[item as usize] as usize].surface
    }
}
