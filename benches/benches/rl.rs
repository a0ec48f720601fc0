//! Learning: simulated steps under a random policy, Q-learning in the simulator, and DQN updates at batch 64.
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use burn::tensor::Device;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_benches::workload;
use slatewise_eval::catalog::ItemDistance;
use slatewise_rl::deep::{Dqn, DqnConfig};
use slatewise_rl::policy::UniformRandom;
use slatewise_rl::simulator::{BackOff, SessionSimulator, UserModel, count_responses};
use slatewise_rl::tabular::{QLearning, TabularConfig};
use slatewise_rl::{
    Budget, Decision, EpsilonSchedule, Learning, PriceMoments, Response, RewardSpec, SessionReward, SessionState,
    StartStates, StateEncoder, StateFeature, StateSpec, Streams, TimeStep, Watched, logged_trajectories, rollout,
};

const STEPS: u64 = 20_000;
const DEPTHS: [u32; 4] = [2, 3, 5, 9];

fn rl(criterion: &mut Criterion) {
    let workload = workload();
    let (log, train) = (&workload.log, workload.split.train.clone());
    let actions = log.catalogue.listings.len();
    let user = UserModel::new(count_responses(log, train.clone(), BackOff::Hierarchy, &DEPTHS, 20.0), 0.25);
    let starts = StartStates::from_log(log, train.clone()).expect("there are train sessions");
    let simulator = SessionSimulator::new(&user, &starts, 100);
    let distance = ItemDistance::from_catalogue(&log.catalogue, &["colour", "price 2"]).expect("attributes exist");
    let spec = RewardSpec::default();
    let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
    let worth = |response: &Response, after: &SessionState| reward.components_after(*response, after).total();
    let features = vec![StateFeature::LastListing, StateFeature::LastPremium, StateFeature::Depth(DEPTHS.to_vec())];
    let index = StateSpec { features }.resolve(&log.catalogue);
    let mut group = criterion.benchmark_group("rl");
    group.sample_size(10);

    group.throughput(Throughput::Elements(STEPS));
    group.bench_function("simulated steps, random policy", |bench| {
        let (mut environments, mut policy) = (vec![simulator.clone(); 16], UniformRandom { actions });
        bench.iter(|| {
            let mut watched =
                Watched::new(&mut policy, |_: usize, _: Option<Decision>, _: &TimeStep<'_, SessionState, Response>| {});
            rollout(&mut environments, &mut watched, Budget::Steps(STEPS), &mut Streams::new(1))
        });
    });
    group.bench_function("Q-learning in the simulator", |bench| {
        let mut environments = vec![simulator.clone(); 16];
        bench.iter(|| {
            let mut learner = QLearning::new(index.clone(), actions, TabularConfig::default());
            let mut learning = Learning::new(&mut learner, EpsilonSchedule::constant(0.1), worth);
            rollout(&mut environments, &mut learning, Budget::Steps(STEPS), &mut Streams::new(1))
        });
    });

    let encoder = StateEncoder::new(index, PriceMoments::fit(log, train.clone()));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut dqn = Dqn::new(encoder, actions, DqnConfig::default(), &Device::flex(), &mut rng);
    let logged = logged_trajectories(log, train, reward, &user, |state| slatewise_rl::Learner::represent(&dqn, state))
        .expect("there are train sessions");
    slatewise_rl::Learner::learn_offline(&mut dqn, &logged[..200], 1, &mut rng);
    group.throughput(Throughput::Elements(1));
    group.bench_function("DQN update, batch 64", |bench| bench.iter(|| dqn.learn(&mut rng)));
    group.finish();
}

criterion_group!(benches, rl);
criterion_main!(benches);
