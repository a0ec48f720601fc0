//! Exposure: how often each item of the catalogue stands in the first k places of the lists.
//!
//! ```text
//! lists (k = 2)   [4 1|0]  [1 4|2]  [3]        exposure of 5 items   [0 2 0 1 2]
//! ```
//!
//! ```
//! use slatewise_eval::catalog::exposure;
//!
//! assert_eq!(exposure(&[vec![4, 1, 0], vec![1, 4, 2], vec![3]], 2, 5)?, [0, 2, 0, 1, 2]);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::{Error, Undefined};

/// Counts, per catalogue item, the lists that hold it in their first `k` places.
///
/// # Shapes
/// `lists`: item indices, best first, any lengths; the result has one count per catalogue item.
///
/// # Errors
/// `k` = 0, an item beyond the catalogue, an item twice in one list (anywhere in it, not only in the first `k`).
pub fn exposure<L: AsRef<[u32]>>(lists: &[L], k: usize, items: usize) -> Result<Vec<u64>, Error> {
    if k == 0 {
        return Err(Undefined::Zero { what: "k" }.into());
    }
    let mut counts = vec![0; items];
    // Number of the list that last held the item, which finds duplicates without a set per list.
    let mut last_list = vec![0; items];
    for (row, list) in lists.iter().enumerate().map(|(index, list)| (index + 1, list.as_ref())) {
        for (place, item) in list.iter().map(|&item| item as usize).enumerate() {
            if item >= items {
                return Err(Error::UnknownItem { what: "list", row, item, items });
            }
            if last_list[item] == row {
                return Err(Error::DuplicateItem { row, item });
            }
            last_list[item] = row;
            counts[item] += u64::from(place < k);
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lists_name_their_row() {
        let lists = [vec![0, 1], vec![2, 0, 2]];
        assert_eq!(exposure(&lists, 1, 3), Err(Error::DuplicateItem { row: 2, item: 2 }));
        assert_eq!(exposure(&lists, 1, 2), Err(Error::UnknownItem { what: "list", row: 2, item: 2, items: 2 }));
        assert_eq!(exposure(&lists, 0, 3), Err(Error::Undefined(Undefined::Zero { what: "k" })));
    }
}
