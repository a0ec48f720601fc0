//! `share_of(seed, value)`: where a value lies between 0 and 1, the same on every machine, evenly spread over values.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Array};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The function, for a session or for each executor of a cluster.
pub fn share_function() -> ScalarUDF {
    let kinds = vec![DataType::Int64, DataType::Utf8];
    ScalarUDF::new_from_impl(ShareOf { signature: Signature::exact(kinds, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ShareOf {
    signature: Signature,
}

impl ScalarUDFImpl for ShareOf {
    fn name(&self) -> &str {
        "share_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let wrong = || exec_datafusion_err!("share_of takes a whole number and a text");
        let seeds = columns[0].as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
        let values = columns[1].as_string_opt::<i32>().ok_or_else(wrong)?;
        let shares =
            (0..values.len()).map(|row| values.is_valid(row).then(|| share(seeds.value(row), values.value(row))));
        Ok(ColumnarValue::Array(Arc::new(shares.collect::<Float64Array>()) as ArrayRef))
    }
}

/// FNV-1a over seed and text, mixed once more so that texts that differ in their last letter lie far apart.
///
/// # Reference
/// G. Fowler, L. C. Noll, K.-P. Vo: FNV-1a, 64 bits (IETF draft-eastlake-fnv). The mixing is the last step of SplitMix64: G. L.
/// Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014.
fn share(seed: i64, text: &str) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().iter().chain(text.as_bytes()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    // The 53 highest bits are a multiple of 2⁻⁵³.
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_depend_on_the_seed() {
        let count = |seed: i64| (0..10_000).filter(|number| share(seed, &number.to_string()) < 0.2).count();
        // Binomial: 2000 ± 40.
        assert!((1840..2160).contains(&count(0)), "{}", count(0));
        assert!((1840..2160).contains(&count(1)), "{}", count(1));
        assert_ne!(share(0, "7"), share(1, "7"));
    }
}
