//! `ItemDistance`: how far two items are apart, by their attributes.
//!
//! ```text
//! d(a, b) = share of the attributes in which a and b differ, in [0, 1]        (normalised Hamming distance)
//!
//!              colour  category  price band
//! item 0    [    2   |    0    |     1     ]
//! item 1    [    2   |    1    |     3     ]        d(0, 1) = 2/3
//! ```
//!
//! A metric: symmetric, 0 on itself, within the triangle inequality. Reference: Ziegler et al., "Improving recommendation lists through
//! topic diversification", WWW 2005, for distances on item taxonomies; Hamming (1950).
//!
//! ```
//! use slatewise_eval::catalog::ItemDistance;
//!
//! let distance = ItemDistance::from_codes(&[&[2, 2], &[0, 1], &[1, 3]])?;
//! assert_eq!(distance.between(0, 1), 2.0 / 3.0);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use slatewise_data::Catalogue;

use super::distance::Distance;
use crate::error::Error;

/// Attribute codes of all items, row-major, so that comparing two items reads two short rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDistance {
    attributes: usize,
    codes: Vec<u32>,
}

impl ItemDistance {
    /// Takes the codes of some of the catalogue's attributes.
    ///
    /// # Errors
    /// No attribute names, one that the catalogue lacks, an empty catalogue.
    pub fn from_catalogue(catalogue: &Catalogue, attributes: &[&str]) -> Result<Self, Error> {
        let columns: Vec<&[u32]> = attributes
            .iter()
            .map(|&name| match catalogue.attribute(name) {
                Some(attribute) => Ok(attribute.code.as_slice()),
                None => {
                    let known: Vec<_> = catalogue.attributes.iter().map(|a| a.name.as_str()).collect();
                    Err(Error::UnknownAttribute { name: name.to_owned(), known: known.join(", ") })
                }
            })
            .collect::<Result<_, _>>()?;
        Self::from_codes(&columns)
    }

    /// Takes one column of codes per attribute; codes are compared for equality only.
    ///
    /// # Shapes
    /// `columns[attribute][item]`.
    ///
    /// # Errors
    /// No columns, columns of unequal lengths, no items.
    pub fn from_codes(columns: &[&[u32]]) -> Result<Self, Error> {
        let Some(first) = columns.first() else {
            return Err(Error::Empty { what: "item attributes" });
        };
        if first.is_empty() {
            return Err(Error::Empty { what: "items" });
        }
        if let Some(other) = columns.iter().find(|column| column.len() != first.len()) {
            let (left_len, right_len) = (first.len(), other.len());
            return Err(Error::UnequalLengths { left: "first attribute", left_len, right: "another", right_len });
        }
        let codes = (0..first.len()).flat_map(|item| columns.iter().map(move |column| column[item])).collect();
        Ok(Self { attributes: columns.len(), codes })
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.codes.len() / self.attributes
    }

    /// Share of the attributes in which two items differ, in [0, 1].
    ///
    /// # Panics
    /// If an item is not in the catalogue.
    pub fn between(&self, a: u32, b: u32) -> f64 {
        f64::from(self.differing(a, b)) / self.attributes as f64
    }

    /// Number of attributes in which two items differ.
    fn differing(&self, a: u32, b: u32) -> u32 {
        self.row(a).iter().zip(self.row(b)).map(|(a, b)| u32::from(a != b)).sum()
    }

    fn row(&self, item: u32) -> &[u32] {
        let start = item as usize * self.attributes;
        assert!(start < self.codes.len(), "item {item} is not among the {} items of this distance", self.items());
        &self.codes[start..start + self.attributes]
    }
}

impl Distance for ItemDistance {
    fn items(&self) -> usize {
        self.items()
    }

    fn between(&self, a: u32, b: u32) -> f64 {
        self.between(a, b)
    }
}

#[cfg(test)]
mod tests {
    use slatewise_data::ItemAttribute;

    use super::*;

    #[test]
    fn attributes_are_taken_by_name() -> Result<(), Error> {
        let attribute = |name: &str, code: Vec<u32>| ItemAttribute { name: name.to_owned(), values: vec![], code };
        let catalogue = Catalogue {
            attributes: vec![attribute("colour", vec![0, 0, 1]), attribute("category", vec![0, 1, 1])],
            ..Catalogue::default()
        };
        let both = ItemDistance::from_catalogue(&catalogue, &["colour", "category"])?;
        assert_eq!((both.items(), both.between(0, 1), both.between(0, 2), both.between(2, 2)), (3, 0.5, 1.0, 0.0));
        let unknown = ItemDistance::from_catalogue(&catalogue, &["size"]).map_err(|error| error.to_string());
        assert_eq!(unknown, Err("attribute `size` is not in the catalogue; it has: colour, category".to_owned()));
        assert_eq!(ItemDistance::from_catalogue(&catalogue, &[]), Err(Error::Empty { what: "item attributes" }));
        Ok(())
    }

    #[test]
    #[should_panic(expected = "item 2 is not among the 2 items")]
    fn an_item_outside_is_a_bug_of_the_caller() {
        let distance = ItemDistance::from_codes(&[&[0, 1]]);
        let _ = distance.map(|distance| distance.between(0, 2));
    }
}
