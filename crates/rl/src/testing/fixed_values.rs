//! Values and visit counts that are given, for tests of policies.

use crate::policy::{ActionCounts, ActionValues};

/// The same values whatever is observed.
pub(crate) struct FixedValues {
    values: Vec<f64>,
    counts: Vec<u32>,
}

impl FixedValues {
    pub(crate) fn new(values: &[f64]) -> Self {
        Self { values: values.to_vec(), counts: vec![0; values.len()] }
    }

    pub(crate) fn with_counts(self, counts: &[u32]) -> Self {
        Self { counts: counts.to_vec(), ..self }
    }
}

impl ActionValues<()> for FixedValues {
    fn actions(&self) -> usize {
        self.values.len()
    }

    fn action_values(&self, observations: &mut dyn Iterator<Item = &()>, values: &mut Vec<f64>) {
        observations.for_each(|()| values.extend_from_slice(&self.values));
    }
}

impl ActionCounts<()> for FixedValues {
    fn action_counts(&self, _observation: &(), counts: &mut Vec<u32>) {
        counts.extend_from_slice(&self.counts);
    }
}
