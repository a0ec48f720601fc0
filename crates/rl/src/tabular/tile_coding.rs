//! Tile coding: several grids over the same box, each shifted a little, so that what is learned in one place holds nearby too.
//!
//! ```text
//! tile_d(t) = ⌊ tiles_d · (x_d − low_d) / (high_d − low_d) + ((2 d + 1) t mod T) / T ⌋        tiling t of T, d = 0, 1, ...
//!
//! one tile per tiling is active; a tiling has Π (tiles_d + 1) of them, because its shift pushes the last ones over the edge
//! ```
//!
//! The shifts are asymmetric, by the first odd numbers, in units of 1/T of a tile (Miller & Glanz 1996); T should be a power of 2
//! and at least 4 N. A value outside its bounds belongs to the tile at that end.
//!
//! Reference: Albus 1975, "A new approach to manipulator control: the cerebellar model articulation controller"; Sutton & Barto 2018,
//! section 9.5.4. Difference: tiles are numbered outright, where the book's software hashes them into a table that may be too small.

use super::uniform_bins::check_bounds;
use crate::error::Error;
use crate::state::Identity;

/// Features of which few are 1 and all others 0, given by the indices of those few.
pub trait BinaryFeatures<O> {
    /// Number of features.
    fn features(&self) -> usize;

    /// Number of features that are 1, the same for every observation.
    fn active(&self) -> usize;

    /// Number of values of the first index of every observation: a coarse state, below which the first indices lie.
    fn coarse_states(&self) -> usize;

    /// Appends the indices of the features that are 1.
    ///
    /// # Shapes
    /// `indices` grows by `[active]`, each below `features()`.
    fn indices(&self, observation: &O, indices: &mut Vec<usize>);
}

impl BinaryFeatures<usize> for Identity {
    fn features(&self) -> usize {
        self.states
    }

    fn active(&self) -> usize {
        1
    }

    fn coarse_states(&self) -> usize {
        self.states
    }

    fn indices(&self, observation: &usize, indices: &mut Vec<usize>) {
        indices.push(*observation);
    }
}

/// Shifted grids over a box of N dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileCoding<const N: usize> {
    bounds: [[f32; 2]; N],
    tiles: [usize; N],
    tilings: usize,
}

impl<const N: usize> TileCoding<N> {
    /// So many tilings, with so many tiles across each dimension's bounds.
    ///
    /// # Errors
    /// Bounds that are not two ascending finite numbers, no tile, no tiling.
    pub fn new(bounds: [[f32; 2]; N], tiles: [usize; N], tilings: usize) -> Result<Self, Error> {
        check_bounds(&bounds, "tile_coding")?;
        Error::unless(!tiles.contains(&0), "tile_coding", "tiles", || format!("{tiles:?} must all be at least 1"))?;
        Error::unless(tilings >= 1, "tile_coding", "tilings", || "0; there must be at least one".to_owned())?;
        Ok(Self { bounds, tiles, tilings })
    }

    fn tiles_of_a_tiling(&self) -> usize {
        self.tiles.iter().map(|tiles| tiles + 1).product()
    }
}

impl<const N: usize> BinaryFeatures<[f32; N]> for TileCoding<N> {
    fn features(&self) -> usize {
        self.tilings * self.tiles_of_a_tiling()
    }

    fn active(&self) -> usize {
        self.tilings
    }

    fn coarse_states(&self) -> usize {
        self.tiles_of_a_tiling()
    }

    fn indices(&self, observation: &[f32; N], indices: &mut Vec<usize>) {
        for tiling in 0..self.tilings {
            let mut index = tiling;
            for (dimension, &tiles) in self.tiles.iter().enumerate() {
                let [low, high] = self.bounds[dimension];
                let shift = ((2 * dimension + 1) * tiling % self.tilings) as f32 / self.tilings as f32;
                let share = ((observation[dimension] - low) / (high - low)).clamp(0.0, 1.0);
                index = index * (tiles + 1) + ((share * tiles as f32 + shift) as usize).min(tiles);
            }
            indices.push(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices<const N: usize>(tiles: &TileCoding<N>, observation: [f32; N]) -> Vec<usize> {
        let mut indices = Vec::new();
        tiles.indices(&observation, &mut indices);
        indices
    }

    #[test]
    fn tiles_equal_hand_computation() {
        // Two tilings of 2 x 2 tiles, 9 each; the second is shifted by 1/2 in both dimensions (1 and 3 halves).
        let tiles = TileCoding::new([[0.0, 1.0], [0.0, 1.0]], [2, 2], 2).unwrap();
        assert_eq!((tiles.features(), tiles.active(), tiles.coarse_states()), (18, 2, 9));
        // 2 · 0.3 = 0.6 → 0, shifted 1.1 → 1; 2 · 0.8 = 1.6 → 1, shifted 2.1 → 2.
        assert_eq!(indices(&tiles, [0.3, 0.8]), [1, 9 + 3 + 2]);
        assert_eq!(indices(&tiles, [-5.0, 5.0]), [2, 9 + 2]); // held at the bounds: 0 and 2, and shifted
    }

    /// With T tilings, points a 1/T of a tile apart share all tiles but one or two.
    #[test]
    fn neighbours_share_tiles_and_strangers_none() {
        let tiles = TileCoding::new([[0.0, 1.0]], [10], 8).unwrap();
        let shared = |x: f32, y: f32| {
            let (x, y) = (indices(&tiles, [x]), indices(&tiles, [y]));
            x.iter().filter(|index| y.contains(index)).count()
        };
        assert_eq!((shared(0.42, 0.42), shared(0.42, 0.54)), (8, 0));
        assert_eq!((shared(0.42, 0.4325), shared(0.42, 0.47)), (7, 4));
    }

    #[test]
    fn settings_are_checked() {
        assert!(TileCoding::new([[1.0, 1.0]], [2], 2).is_err());
        let message = TileCoding::new([[0.0, 1.0]], [2], 0).unwrap_err().to_string();
        assert_eq!(message, "tile_coding.tilings: 0; there must be at least one");
    }
}
