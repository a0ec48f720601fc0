//! `CatalogueSummary`: every catalogue metric of one set of lists, in one call.
//!
//! ```
//! use slatewise_eval::catalog::{CatalogueSummary, ItemDistance};
//!
//! let distance = ItemDistance::from_codes(&[&[0, 0, 1, 1]])?;
//! let summary = CatalogueSummary::new(&[vec![0, 2], vec![0, 1]], 2, &[5, 3, 1, 1], &distance)?;
//! assert_eq!(summary.coverage, Some(0.75));
//! assert_eq!(summary.intra_list_diversity, Some(0.5));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use serde::Serialize;

use super::{
    Distance, average_popularity, coverage, exposure, gini, mean_intra_list_diversity, novelty, shannon_entropy,
};
use crate::error::{Error, value_or_warning};

/// The catalogue metrics of some recommendation lists, cut at k. An undefined metric is empty and `warnings` says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueSummary {
    /// Number of places that count in each list.
    pub k: usize,
    /// Number of lists.
    pub lists: usize,
    /// Share of the catalogue ever shown, in [0, 1].
    pub coverage: Option<f64>,
    /// Inequality of exposure, in [0, 1).
    pub gini: Option<f64>,
    /// Entropy of exposure in bits.
    pub entropy_bits: Option<f64>,
    /// Mean training occurrences of a shown item.
    pub average_popularity: Option<f64>,
    /// Mean self-information of a shown item in bits.
    pub novelty_bits: Option<f64>,
    /// Mean over lists of two items or more of the mean pairwise distance, in [0, 1] for attributes.
    pub intra_list_diversity: Option<f64>,
    /// `metric: reason` for every metric that has no value.
    pub warnings: Vec<String>,
}

impl CatalogueSummary {
    /// Computes the lot.
    ///
    /// # Shapes
    /// `lists`: item indices, best first; `occurrences`: training occurrences per catalogue item, of which `distance` holds as many.
    ///
    /// # Errors
    /// `k` = 0, an item beyond the catalogue, an item twice in a list, `occurrences` of another length than `distance`.
    pub fn new<L: AsRef<[u32]>, D: Distance + ?Sized>(
        lists: &[L],
        k: usize,
        occurrences: &[u64],
        distance: &D,
    ) -> Result<Self, Error> {
        if occurrences.len() != distance.items() {
            return Err(Error::UnequalLengths {
                left: "occurrences",
                left_len: occurrences.len(),
                right: "item distance",
                right_len: distance.items(),
            });
        }
        let exposure = exposure(lists, k, occurrences.len())?;
        let diversity = mean_intra_list_diversity(lists, k, distance);

        let mut warnings = Vec::new();
        let mut value = |name, metric| value_or_warning(name, metric, &mut warnings);
        Ok(Self {
            k,
            lists: lists.len(),
            coverage: value("coverage", coverage(&exposure)),
            gini: value("gini", gini(&exposure)),
            entropy_bits: value("entropy_bits", shannon_entropy(&exposure)),
            average_popularity: value("average_popularity", average_popularity(&exposure, occurrences)),
            novelty_bits: value("novelty_bits", novelty(&exposure, occurrences)),
            intra_list_diversity: value("intra_list_diversity", diversity),
            warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ItemDistance;

    #[test]
    fn no_lists_have_reasons_not_zeros() -> Result<(), Error> {
        let distance = ItemDistance::from_codes(&[&[0, 1]])?;
        let summary = CatalogueSummary::new::<Vec<u32>, _>(&[], 3, &[1, 1], &distance)?;
        assert_eq!((summary.coverage, summary.gini, summary.intra_list_diversity), (Some(0.0), None, None));
        assert!(summary.warnings.contains(&"gini: no item was recommended".to_owned()), "{:?}", summary.warnings);
        assert!(CatalogueSummary::new::<Vec<u32>, _>(&[], 3, &[1], &distance).is_err());
        Ok(())
    }
}
