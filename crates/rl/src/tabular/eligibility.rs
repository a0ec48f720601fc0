//! Eligibility traces: how much each pair before shares in what comes next.
//!
//! ```text
//! at a visit    e(s, a) ← e(s, a) + 1   accumulating        e(s, a) ← 1   replacing
//! after a step  e(·, ·) ← γ λ e(·, ·)
//! ```
//!
//! Sutton 1988 (accumulating), Singh & Sutton 1996 (replacing); Sutton & Barto 2018, chapter 12. Traces are kept per slot, one entry per
//! pair that was visited in the episode; one below 10⁻¹² is forgotten, so that a step costs as much as the pairs that still share in it.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Traces below this are forgotten.
const FORGOTTEN: f64 = 1e-12;

/// What a visit does to a pair's own trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceKind {
    /// It grows by 1.
    Accumulating,
    /// It becomes 1.
    #[default]
    Replacing,
}

/// Settings of a learner with traces.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceConfig {
    /// λ in [0, 1]: 0 looks one step back, 1 to the beginning of the episode.
    pub lambda: f64,
    /// What a visit does.
    #[serde(default)]
    pub kind: TraceKind,
}

impl TraceConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A λ outside [0, 1].
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let lambda = self.lambda;
        Error::unless((0.0..=1.0).contains(&lambda), key, "lambda", || format!("{lambda} must lie in [0, 1]"))
    }
}

/// A pair and its share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trace {
    state: usize,
    action: usize,
    share: f64,
}

/// The traces of every slot.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    slots: Vec<Vec<Trace>>,
}

impl Traces {
    fn slot(&mut self, slot: usize) -> &mut Vec<Trace> {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, Vec::new);
        }
        &mut self.slots[slot]
    }

    /// Marks a visit.
    pub fn visit(&mut self, slot: usize, state: usize, action: usize, kind: TraceKind) {
        let traces = self.slot(slot);
        match traces.iter_mut().find(|trace| (trace.state, trace.action) == (state, action)) {
            Some(trace) if kind == TraceKind::Accumulating => trace.share += 1.0,
            Some(trace) => trace.share = 1.0,
            None => traces.push(Trace { state, action, share: 1.0 }),
        }
    }

    /// Every pair with a share: state, action, e.
    pub fn shares(&self, slot: usize) -> impl Iterator<Item = (usize, usize, f64)> {
        self.slots.get(slot).into_iter().flatten().map(|trace| (trace.state, trace.action, trace.share))
    }

    /// Lets all fade by a factor in [0, 1].
    pub fn fade(&mut self, slot: usize, factor: f64) {
        self.slot(slot).retain_mut(|trace| {
            trace.share *= factor;
            trace.share >= FORGOTTEN
        });
    }

    /// Forgets all.
    pub fn clear(&mut self, slot: usize) {
        self.slot(slot).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_accumulate_or_replace_and_fade_per_slot() {
        for (kind, again) in [(TraceKind::Accumulating, 1.5), (TraceKind::Replacing, 1.0)] {
            let mut traces = Traces::default();
            traces.visit(1, 3, 0, kind);
            traces.fade(1, 0.5);
            traces.visit(1, 3, 0, kind);
            traces.visit(1, 3, 1, kind);
            assert_eq!(traces.shares(1).collect::<Vec<_>>(), [(3, 0, again), (3, 1, 1.0)]);
            assert_eq!(traces.shares(0).count(), 0);
            traces.fade(1, 0.0);
            assert_eq!(traces.shares(1).count(), 0);
        }
    }

    #[test]
    fn validation_names_the_key() {
        let error =
            TraceConfig { lambda: 1.1, kind: TraceKind::Replacing }.validate("policy.sarsa_lambda").unwrap_err();
        assert_eq!(error.to_string(), "policy.sarsa_lambda.lambda: 1.1 must lie in [0, 1]");
    }
}
