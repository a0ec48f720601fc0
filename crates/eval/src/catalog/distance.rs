//! `Distance`: how far two items are apart.
//!
//! ```text
//! ItemDistance     share of the attributes in which they differ, in [0, 1]         item_distance.rs
//! CosineDistance   1 − cos of the angle between their embeddings, in [0, 2]         cosine_distance.rs
//! ```
//!
//! ```
//! use slatewise_eval::catalog::{CosineDistance, Distance, ItemDistance};
//!
//! let colour = ItemDistance::from_codes(&[&[0, 1]])?;
//! let embedding = CosineDistance::from_columns(&[&[3.0, 0.0], &[0.0, 0.5]])?;
//! let distances: [&dyn Distance; 2] = [&colour, &embedding];
//! assert!(distances.iter().all(|distance| distance.between(0, 1) == 1.0));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use crate::error::Undefined;

/// A symmetric distance between the items of a catalogue, 0 between an item and itself.
pub trait Distance {
    /// Number of items.
    fn items(&self) -> usize;

    /// Distance of two items that `check` accepts.
    ///
    /// # Panics
    /// If an item is not in the catalogue.
    fn between(&self, a: u32, b: u32) -> f64;

    /// Whether the distance is defined for an item; it is for every item unless said otherwise.
    ///
    /// # Errors
    /// Why it is not.
    fn check(&self, item: u32) -> Result<(), Undefined> {
        let _ = item;
        Ok(())
    }
}
