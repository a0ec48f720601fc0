//! `CosineDistance`: how far two items are apart, by the directions of their embeddings.
//!
//! ```text
//! d(a, b) = 1 − ⟨e_a, e_b⟩ / (‖e_a‖ ‖e_b‖)      0 for one direction, 1 for a right angle, 2 for opposite directions
//! ```
//!
//! An embedding of zeros has no direction: its distances are undefined, and [`Distance::check`] names the item.
//! Reference: Ekstrand et al., "User perception of differences in recommender algorithms", RecSys 2014, for lists
//! judged by embeddings; scikit-learn's `cosine_distances` (which takes the distance of a zero vector as 1).
//!
//! ```
//! use slatewise_eval::catalog::{CosineDistance, Distance};
//!
//! // Embeddings (3, 4), (6, 8) and (−4, 3).
//! let distance = CosineDistance::from_columns(&[&[3.0, 6.0, -4.0], &[4.0, 8.0, 3.0]])?;
//! assert_eq!((distance.between(0, 1), distance.between(0, 2)), (0.0, 1.0));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use super::distance::Distance;
use crate::error::{Error, Undefined};

/// Embeddings of all items scaled to length 1, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct CosineDistance {
    dimensions: usize,
    units: Vec<f64>,
}

impl CosineDistance {
    /// Takes one column per dimension of the embedding.
    ///
    /// # Shapes
    /// `columns[dimension][item]`.
    ///
    /// # Errors
    /// No columns, columns of unequal lengths, no items, a value that is NaN or infinite.
    pub fn from_columns(columns: &[&[f64]]) -> Result<Self, Error> {
        let Some(first) = columns.first() else {
            return Err(Error::Empty { what: "dimensions of the embedding" });
        };
        if first.is_empty() {
            return Err(Error::Empty { what: "items" });
        }
        for column in columns {
            if column.len() != first.len() {
                let (left_len, right_len) = (first.len(), column.len());
                return Err(Error::UnequalLengths { left: "first dimension", left_len, right: "another", right_len });
            }
            if let Some(item) = column.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite { what: "embedding", row: item + 1, value: column[item] });
            }
        }
        let mut units: Vec<f64> =
            (0..first.len()).flat_map(|item| columns.iter().map(move |column| column[item])).collect();
        units.chunks_exact_mut(columns.len()).for_each(to_unit);
        Ok(Self { dimensions: columns.len(), units })
    }

    fn row(&self, item: u32) -> &[f64] {
        let start = item as usize * self.dimensions;
        assert!(start < self.units.len(), "item {item} is not among the {} items of this distance", self.items());
        &self.units[start..start + self.dimensions]
    }
}

impl Distance for CosineDistance {
    fn items(&self) -> usize {
        self.units.len() / self.dimensions
    }

    fn between(&self, a: u32, b: u32) -> f64 {
        let cosine: f64 = self.row(a).iter().zip(self.row(b)).map(|(a, b)| a * b).sum();
        // Rounding may take the cosine of one direction past 1.
        (1.0 - cosine).clamp(0.0, 2.0)
    }

    fn check(&self, item: u32) -> Result<(), Undefined> {
        if self.row(item).iter().all(|&value| value == 0.0) {
            return Err(Undefined::NoDirection { item: item as usize });
        }
        Ok(())
    }
}

/// Scales a vector to length 1, by its largest value first so that no square overflows or vanishes; zeros stay zeros.
fn to_unit(vector: &mut [f64]) {
    let largest = vector.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return;
    }
    vector.iter_mut().for_each(|value| *value /= largest);
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_does_not_matter_even_at_the_ends_of_the_range() -> Result<(), Error> {
        let distance = CosineDistance::from_columns(&[&[1e300, 1e-300, -2.0], &[0.0, 0.0, 0.0]])?;
        assert_eq!([distance.between(0, 1), distance.between(0, 2), distance.between(2, 2)], [0.0, 2.0, 0.0]);
        Ok(())
    }

    #[test]
    fn an_item_without_direction_is_named() -> Result<(), Error> {
        let distance = CosineDistance::from_columns(&[&[1.0, 0.0], &[1.0, 0.0]])?;
        assert_eq!((distance.check(0), distance.check(1)), (Ok(()), Err(Undefined::NoDirection { item: 1 })));
        Ok(())
    }

    #[test]
    fn bad_columns_are_refused() {
        let of = CosineDistance::from_columns;
        assert_eq!(of(&[]).err(), Some(Error::Empty { what: "dimensions of the embedding" }));
        assert_eq!(of(&[&[]]).err(), Some(Error::Empty { what: "items" }));
        assert!(matches!(of(&[&[1.0], &[1.0, 2.0]]), Err(Error::UnequalLengths { .. })));
        let row = of(&[&[1.0, f64::INFINITY]]).err();
        assert_eq!(row, Some(Error::NotFinite { what: "embedding", row: 2, value: f64::INFINITY }));
    }
}
