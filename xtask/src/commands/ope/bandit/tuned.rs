//! Estimates whose λ or τ is chosen on the log itself.

use anyhow::Result;
use slatewise_eval::off_policy::{
    BanditRounds, Base, Criterion, DoublyRobust, Estimate, Estimator, Ips, JudgeOptions, Shrinkage, tune,
};

use super::{Arguments, TuneBy};
use crate::flat::Flat;

/// Candidates of λ and τ.
const THRESHOLDS: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, f64::INFINITY];
const SUB_GAUSSIAN: [f64; 7] = [0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 1.0];

/// Estimates whose λ or τ is chosen on the log; the choices go into the facts.
pub(super) fn tuned(
    arguments: &Arguments,
    rounds: &BanditRounds,
    options: &JudgeOptions,
    facts: &mut Flat,
) -> Result<Vec<Estimate>> {
    let criterion = match arguments.tune {
        TuneBy::Off => return Ok(Vec::new()),
        TuneBy::Direct => Criterion::Direct,
        TuneBy::UpperBound => Criterion::UpperBound { delta: 0.1 },
        TuneBy::Slope => Criterion::Slope { delta: 0.1 },
    };
    type Make = fn(f64) -> Shrinkage;
    let families: [(&str, Base, Make, &[f64]); 5] = [
        ("ips_clipped_tuned", Base::Ips, Shrinkage::Clip, &THRESHOLDS),
        ("sg_ipw_tuned", Base::Ips, Shrinkage::SubGaussian, &SUB_GAUSSIAN),
        ("switch_dr_tuned", Base::DoublyRobust, Shrinkage::Switch, &THRESHOLDS),
        ("dros_tuned", Base::DoublyRobust, Shrinkage::Optimistic, &THRESHOLDS),
        ("sg_dr_tuned", Base::DoublyRobust, Shrinkage::SubGaussian, &SUB_GAUSSIAN),
    ];
    let mut estimates = Vec::new();
    for (name, base, make, grid) in families {
        if base == Base::DoublyRobust && rounds.model().is_err() {
            continue;
        }
        let candidates: Vec<Shrinkage> = grid.iter().map(|&parameter| make(parameter)).collect();
        let tuning = tune(base, &candidates, rounds, criterion)?;
        let chosen = tuning.chosen().shrinkage;
        let parameter = chosen.parameter().unwrap_or(f64::INFINITY);
        let key = format!("{name}_parameter");
        // JSON has no infinity, which stands for "no shrinkage".
        facts.value(key, if parameter.is_finite() { parameter.into() } else { "infinity".into() });
        let estimator: Box<dyn Estimator<BanditRounds>> = match base {
            Base::Ips => Box::new(Ips::with(chosen)?),
            Base::DoublyRobust => Box::new(DoublyRobust::with(chosen)?),
        };
        for mut estimate in arguments.judging.judge(&[estimator], rounds, options)? {
            estimate.name = name.to_owned();
            estimates.push(estimate);
        }
    }
    Ok(estimates)
}
