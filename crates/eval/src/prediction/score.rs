//! Number types of scores, labels and weights.
//!
//! ```text
//! score   f32 or f64     sort key: all bits of a negative score flipped, the sign bit of the others, so that unsigned
//!                        order is numeric order and sorting compares integers
//! label   bool, or 0 and 1 as u8, f32, f64
//! weight  f32 or f64
//! ```

/// A score's number type: `f32` as models give them, or `f64` as files do.
pub trait Score: Copy + Send + Sync + sealed::Column {
    /// Machine epsilon, the distance from 0 and 1 to which log loss clips.
    const EPSILON: f64;
    /// An unsigned integer that sorts as the score does.
    type Key: Ord + Copy + Default + Send + Sync + std::ops::Not<Output = Self::Key>;
    /// The score as `f64`, exactly.
    fn value(self) -> f64;
    /// The sort key; the two zeros share one.
    fn key(self) -> Self::Key;
    /// The score that has a key.
    fn from_key(key: Self::Key) -> Self;
}

/// A label's type.
pub trait Truth: Copy + Send + Sync + sealed::Sealed {
    /// Whether the outcome happened; `Err` with the value if it is neither 0 nor 1.
    fn outcome(self) -> Result<bool, f64>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for u8 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}

    /// Floats of either precision that serve as a column of weights.
    pub trait Column: Sized {
        fn column(values: &[Self]) -> super::Weights<'_>;
    }
    impl Column for f32 {
        fn column(values: &[Self]) -> super::Weights<'_> {
            super::Weights::Single(values)
        }
    }
    impl Column for f64 {
        fn column(values: &[Self]) -> super::Weights<'_> {
            super::Weights::Double(values)
        }
    }
}

/// Flips a float's bits so that unsigned order is numeric order: all bits of negatives, the sign bit of the others.
macro_rules! score {
    ($float:ty, $key:ty) => {
        impl Score for $float {
            const EPSILON: f64 = <$float>::EPSILON as f64;
            type Key = $key;

            fn value(self) -> f64 {
                f64::from(self)
            }

            fn key(self) -> $key {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                let bits = (self + 0.0).to_bits();
                if bits & SIGN == 0 { bits | SIGN } else { !bits }
            }

            fn from_key(key: $key) -> Self {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                Self::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
            }
        }

        impl Truth for $float {
            fn outcome(self) -> Result<bool, f64> {
                match self {
                    0.0 => Ok(false),
                    1.0 => Ok(true),
                    other => Err(f64::from(other)),
                }
            }
        }
    };
}

score!(f32, u32);
score!(f64, u64);

impl Truth for bool {
    fn outcome(self) -> Result<bool, f64> {
        Ok(self)
    }
}

impl Truth for u8 {
    fn outcome(self) -> Result<bool, f64> {
        match self {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(f64::from(other)),
        }
    }
}

/// A column of weights in either precision.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum Weights<'a> {
    /// Single precision.
    Single(&'a [f32]),
    /// Double precision.
    Double(&'a [f64]),
}

impl Weights<'_> {
    /// The weight of a row.
    #[inline]
    pub(super) fn of(&self, row: usize) -> f64 {
        match self {
            Self::Single(weight) => f64::from(weight[row]),
            Self::Double(weight) => weight[row],
        }
    }

    /// Some rows of the column.
    pub(super) fn rows(&self, rows: std::ops::Range<usize>) -> Self {
        match self {
            Self::Single(weight) => Self::Single(&weight[rows]),
            Self::Double(weight) => Self::Double(&weight[rows]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_the_scores_do_and_lead_back() {
        let ascending = [f32::MIN, -1.5, -1e-30, 0.0, 1e-30, 0.5, f32::MAX];
        assert!(ascending.windows(2).all(|pair| pair[0].key() < pair[1].key()));
        assert!(ascending.iter().all(|&score| f32::from_key(score.key()) == score));
        assert_eq!((-0.0_f32).key(), 0.0_f32.key());
        assert_eq!((-0.0_f64).key(), 0.0_f64.key());
        assert_eq!(f64::from_key((-0.1_f64).key()), -0.1);
    }
}
