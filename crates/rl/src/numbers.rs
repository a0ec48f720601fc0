//! `Numbers`: an observation of N numbers is its own row, in units of a declared scale.
//!
//! ```text
//! row[i] = observation[i] / scale[i]
//! ```

use crate::state::{Discretiser, Encoder};

/// An encoder of `[f32; N]`; for support in a log all observations are one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers<const N: usize> {
    /// Above 0: about how large each number gets.
    pub scale: [f32; N],
}

impl<const N: usize> Numbers<N> {
    /// Numbers as they are.
    pub fn plain() -> Self {
        Self { scale: [1.0; N] }
    }
}

impl<const N: usize> Discretiser<[f32; N]> for Numbers<N> {
    fn states(&self) -> usize {
        1
    }

    fn state(&self, _observation: &[f32; N]) -> usize {
        0
    }
}

impl<const N: usize> Encoder<[f32; N]> for Numbers<N> {
    fn width(&self) -> usize {
        N
    }

    fn encode(&self, observation: &[f32; N], row: &mut [f32]) {
        for ((out, x), scale) in row.iter_mut().zip(observation).zip(&self.scale) {
            *out = x / scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_divided_by_their_scale() {
        let (mut plain, mut scaled) = ([0.0; 2], [0.0; 2]);
        Numbers::plain().encode(&[3.0, -4.0], &mut plain);
        Numbers { scale: [2.0, 8.0] }.encode(&[3.0, -4.0], &mut scaled);
        assert_eq!((plain, scaled), ([3.0, -4.0], [1.5, -0.5]));
    }
}
