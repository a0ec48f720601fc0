//! Off-policy evaluation: a million rounds of five actions, from rows to estimates with bootstrap intervals.
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_eval::off_policy::{
    BanditRounds, DoublyRobust, Estimator, Headline, Ips, JudgeOptions, RefusalRules, Round, Snips, judge,
};

const ROUNDS: usize = 1_000_000;
const ACTIONS: usize = 5;

/// Uniform logging, an evaluation policy that prefers the first action, a model that is right on average.
fn rounds(count: usize) -> BanditRounds {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rounds = BanditRounds::with_actions(ACTIONS).expect("there are actions");
    rounds.reserve(count);
    let (evaluation, q_hat) = ([0.4, 0.3, 0.1, 0.1, 0.1], [0.5; ACTIONS]);
    for _ in 0..count {
        let (action, reward) = (rng.random_range(0..ACTIONS), f64::from(u8::from(rng.random::<bool>())));
        let round = Round { action, reward, propensity: 0.2, evaluation: &evaluation, q_hat: Some(&q_hat) };
        rounds.push(&round).expect("the round is sound");
    }
    rounds
}

fn off_policy(criterion: &mut Criterion) {
    let log = rounds(ROUNDS);
    let estimators: [(&str, &dyn Estimator<BanditRounds>); 3] =
        [("IPS", &Ips::plain()), ("SNIPS", &Snips), ("DR", &DoublyRobust::plain())];
    let mut group = criterion.benchmark_group("off-policy");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROUNDS as u64));
    group.bench_function("rows to rounds", |bench| bench.iter(|| rounds(ROUNDS)));
    for (resamples, what) in [(0, "normal interval"), (100, "100 resamples")] {
        let options = JudgeOptions { resamples, ..JudgeOptions::default() };
        for (name, estimator) in estimators {
            group.bench_function(format!("{name}, {what}"), |bench| {
                bench.iter(|| judge(estimator, &log, &options, &mut ChaCha8Rng::seed_from_u64(2)));
            });
        }
    }
    group.bench_function("headline", |bench| bench.iter(|| Headline::of(&log, &RefusalRules::default(), 0.95)));
    group.finish();
}

criterion_group!(benches, off_policy);
criterion_main!(benches);
