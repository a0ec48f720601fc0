//! Uniform binning: numbers within bounds, cut into equal parts per dimension.
//!
//! ```text
//! bin_d = ⌊ bins_d · (x_d − low_d) / (high_d − low_d) ⌋, held to 0 .. bins_d − 1        state = mixed radix of the bins
//! ```
//!
//! A value outside its bounds belongs to the bin at that end. Sutton & Barto 2018, section 9.3, "state aggregation".

use crate::error::Error;
use crate::state::Discretiser;

/// Equal parts of a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UniformBins<const N: usize> {
    bounds: [[f32; 2]; N],
    bins: [usize; N],
}

impl<const N: usize> UniformBins<N> {
    /// Cuts each dimension's bounds into so many parts.
    ///
    /// # Errors
    /// Bounds that are not two ascending finite numbers, no part.
    pub fn new(bounds: [[f32; 2]; N], bins: [usize; N]) -> Result<Self, Error> {
        check_bounds(&bounds, "uniform_bins")?;
        Error::unless(!bins.contains(&0), "uniform_bins", "bins", || format!("{bins:?} must all be at least 1"))?;
        Ok(Self { bounds, bins })
    }
}

/// Checks that every dimension has a finite extent.
pub(super) fn check_bounds(bounds: &[[f32; 2]], key: &str) -> Result<(), Error> {
    for (dimension, [low, high]) in bounds.iter().enumerate() {
        let holds = low.is_finite() && high.is_finite() && low < high;
        Error::unless(holds, key, &format!("bounds[{dimension}]"), || {
            format!("[{low}, {high}] must be two ascending finite numbers; choose how far values usually go")
        })?;
    }
    Ok(())
}

impl<const N: usize> Discretiser<[f32; N]> for UniformBins<N> {
    fn states(&self) -> usize {
        self.bins.iter().product()
    }

    fn state(&self, observation: &[f32; N]) -> usize {
        let dimensions = observation.iter().zip(&self.bounds).zip(&self.bins);
        dimensions.fold(0, |state, ((x, [low, high]), &bins)| {
            // The conversion holds what is below 0, and NaN, at 0.
            let bin = ((x - low) / (high - low) * bins as f32) as usize;
            state * bins + bin.min(bins - 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_the_mixed_radix_of_the_bins() {
        let bins = UniformBins::new([[-1.0, 1.0], [0.0, 30.0]], [4, 3]).unwrap();
        assert_eq!(bins.states(), 12);
        assert_eq!(bins.state(&[-1.0, 0.0]), 0);
        assert_eq!(bins.state(&[0.1, 10.0]), 2 * 3 + 1);
        assert_eq!(bins.state(&[1.0, 30.0]), 11); // the upper end belongs to the last bin
        assert_eq!(bins.state(&[-9.0, 99.0]), 2); // outside: the bin at that end
    }

    #[test]
    fn bounds_without_an_end_are_refused() {
        let message = UniformBins::new([[0.0, f32::INFINITY]], [3]).unwrap_err().to_string();
        assert!(message.starts_with("uniform_bins.bounds[0]: [0, inf] must be two ascending"), "{message}");
        assert!(UniformBins::new([[0.0, 1.0]], [0]).is_err());
    }
}
