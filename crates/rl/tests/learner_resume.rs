//! A learner that is stopped after any step, saved and taken up again is the uninterrupted one, to the bit: every file of the states that
//! both end with is compared.

use std::error::Error;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slatewise_rl::deep::{Dqn, DqnConfig};
use slatewise_rl::environments::{
    Acrobot, CartPole, FrozenLake, MaximisationBias, MdpEnvironment, MdpPosition, MountainCar, WindyGridworld,
};
use slatewise_rl::tabular::{
    DoubleQLearning, ExpectedSarsa, LinearConfig, LinearSarsa, NStepSarsa, QLambda, QLearning, Sarsa, SarsaLambda,
    TabularConfig, TargetPolicy, Ties, TileCoding, TraceConfig, TraceKind,
};
use slatewise_rl::testing::ChainMdp;
use slatewise_rl::{
    Budget, Environment, EpsilonSchedule, Identity, Learner, Learning, LearningMemory, Numbers, PrioritisedConfig,
    Rollout, Saved, Streams, resume_learner, rollout, save_learner,
};

const EPSILON: EpsilonSchedule = EpsilonSchedule { start: 1.0, end: 0.1, steps: 100 };

/// What is kept of an environment: all of it, or where it stands on a table that is made again.
trait Kept: Environment<Response = f64> + Clone {
    type Position: Serialize + DeserializeOwned;

    fn keep(&self) -> Self::Position;

    fn go_on(&self, position: Self::Position) -> Result<Self, Box<dyn Error>>;
}

macro_rules! kept_whole {
    ($($environment:ty),*) => {$(
        impl Kept for $environment {
            type Position = Self;

            fn keep(&self) -> Self {
                self.clone()
            }

            fn go_on(&self, position: Self) -> Result<Self, Box<dyn Error>> {
                Ok(position)
            }
        }
    )*};
}

kept_whole!(Acrobot, CartPole, ChainMdp, MaximisationBias, MountainCar);

impl Kept for MdpEnvironment {
    type Position = MdpPosition;

    fn keep(&self) -> MdpPosition {
        self.position()
    }

    fn go_on(&self, position: MdpPosition) -> Result<Self, Box<dyn Error>> {
        Ok(self.clone().with_position(position)?)
    }
}

/// What is kept beside the learner.
#[derive(Serialize, Deserialize)]
struct Progress<P, S> {
    environments: Vec<P>,
    rollout: Rollout,
    streams: Streams,
    memory: LearningMemory<S>,
}

/// Runs `steps` steps in parts that end at `stops`, each part in a learner that knows only what was saved; returns where the end lies.
fn run<E, L>(make: impl Fn() -> L, environments: &[E], stops: &[u64], folder: &Path) -> Result<PathBuf, Box<dyn Error>>
where
    E: Kept,
    L: Learner<E::Observation> + Saved,
    L::State: Serialize + DeserializeOwned,
{
    let (mut before, mut saved): (u64, Option<PathBuf>) = (0, None);
    for &stop in stops {
        let mut learner = make();
        let progress: Option<Progress<E::Position, L::State>> = match &saved {
            Some(directory) => Some(resume_learner(directory, &mut learner)?),
            None => None,
        };
        let mut learning = Learning::new(&mut learner, EPSILON, |reward: &f64, _: &E::Observation| *reward);
        let (mut environments, mut rollout, mut streams) = match progress {
            Some(progress) => {
                learning.recall(progress.memory);
                let positions = environments.iter().zip(progress.environments);
                let environments: Result<Vec<E>, _> = positions.map(|(e, position)| e.go_on(position)).collect();
                (environments?, progress.rollout, progress.streams)
            }
            None => (environments.to_vec(), Rollout::default(), Streams::new(5)),
        };
        let done = rollout.run(&mut environments, &mut learning, Budget::Steps(stop - before), &mut streams);
        assert_eq!(done.steps, stop - before);
        let environments = environments.iter().map(E::keep).collect();
        let progress: Progress<E::Position, _> = Progress { environments, rollout, streams, memory: learning.memory() };
        let directory = folder.join(format!("{}-parts-step-{stop}", stops.len()));
        save_learner(&directory, &learner, &progress)?;
        (before, saved) = (stop, Some(directory));
    }
    saved.ok_or_else(|| "no part".into())
}

fn resumes<E, L>(make: impl Fn() -> L, environments: &[E], stops: &[u64]) -> Result<(), Box<dyn Error>>
where
    E: Kept,
    L: Learner<E::Observation> + Saved,
    L::State: Serialize + DeserializeOwned,
{
    let folder = tempfile::tempdir()?;
    let (whole, parts) = (&stops[stops.len() - 1..], stops);
    let whole = run(&make, environments, whole, folder.path())?;
    let parts = run(&make, environments, parts, folder.path())?;
    let mut files = 0;
    for entry in std::fs::read_dir(&whole)? {
        let name = entry?.file_name();
        let (one, other) = (std::fs::read(whole.join(&name))?, std::fs::read(parts.join(&name))?);
        assert!(one == other, "{} differs", name.display());
        files += 1;
    }
    assert!(files >= 4, "{files} files");
    Ok(())
}

fn config() -> DqnConfig {
    DqnConfig {
        hidden: vec![8],
        batch_size: 8,
        replay_capacity: 100,
        learning_starts: 16,
        learn_every: 2,
        target_update_every: 5,
        ..DqnConfig::default()
    }
}

fn dqn(config: DqnConfig) -> Dqn<Numbers<4>> {
    Dqn::new(Numbers::plain(), 2, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(1))
}

/// Stops in the middle of a round over three carts, at ends of episodes, and before and after the ring is full.
const STOPS: [u64; 9] = [1, 2, 17, 40, 41, 42, 43, 150, 240];

#[test]
fn dqn_goes_on_as_if_nothing_had_happened() -> Result<(), Box<dyn Error>> {
    let carts = vec![CartPole::new(); 3];
    resumes(|| dqn(config()), &carts, &STOPS)?;
    let duelling = DqnConfig { duelling: true, n_step: 4, ..config() };
    resumes(|| dqn(duelling.clone()), &carts, &STOPS)?;
    let prioritised = Some(PrioritisedConfig::default());
    resumes(|| dqn(DqnConfig { prioritised, ..config() }), &carts, &STOPS)
}

#[test]
fn rainbow_goes_on_as_if_nothing_had_happened() -> Result<(), Box<dyn Error>> {
    resumes(|| dqn(config().rainbow(0.0, 100.0)), &vec![CartPole::new(); 3], &STOPS)
}

const STATES: Identity = Identity { states: 5 };

fn trace(lambda: f64, kind: TraceKind) -> TraceConfig {
    TraceConfig { lambda, kind }
}

/// After every step, two or three chains at a time, hence with windows and traces of every length.
fn resumes_in_chains<L>(make: impl Fn() -> L) -> Result<(), Box<dyn Error>>
where
    L: Learner<usize> + Saved,
    L::State: Serialize + DeserializeOwned,
{
    let every: Vec<u64> = (1..=60).collect();
    resumes(&make, &vec![ChainMdp::new(5, 0.3); 2], &every)?;
    resumes(&make, &vec![ChainMdp::new(5, 0.3); 3], &STOPS)
}

#[test]
fn tabular_learners_go_on_as_if_nothing_had_happened() -> Result<(), Box<dyn Error>> {
    let (config, policy) = (TabularConfig::default(), TargetPolicy { epsilon: 0.1, ties: Ties::Shared });
    resumes_in_chains(|| QLearning::new(STATES, 2, config))?;
    resumes_in_chains(|| Sarsa::new(STATES, 2, config))?;
    resumes_in_chains(|| ExpectedSarsa::new(STATES, 2, config, policy))?;
    resumes_in_chains(|| DoubleQLearning::new(STATES, 2, config))
}

#[test]
fn windows_and_traces_go_on_half_full() -> Result<(), Box<dyn Error>> {
    let config = TabularConfig::default();
    resumes_in_chains(|| NStepSarsa::new(STATES, 2, config, 4))?;
    for kind in [TraceKind::Accumulating, TraceKind::Replacing] {
        resumes_in_chains(|| SarsaLambda::new(STATES, 2, config, trace(0.9, kind)))?;
        resumes_in_chains(|| QLambda::new(STATES, 2, config, trace(0.9, kind)))?;
    }
    resumes_in_chains(|| LinearSarsa::new(STATES, 2, LinearConfig { discount: 0.9, step_size: 0.1, min_support: 1 }))
}

/// Stops before and after the 200 steps at which cars and the lake's walkers are cut short.
const LONG_STOPS: [u64; 6] = [3, 100, 399, 400, 401, 500];

#[test]
fn every_environment_goes_on_as_if_nothing_had_happened() -> Result<(), Box<dyn Error>> {
    let n_step = |states, actions| NStepSarsa::new(Identity { states }, actions, TabularConfig::default(), 3);
    resumes(|| n_step(64, 4), &vec![FrozenLake::large().environment()?; 2], &LONG_STOPS)?;
    resumes(
        || n_step(70, 4),
        &vec![WindyGridworld { stochastic: true, ..WindyGridworld::default() }.environment(); 2],
        &LONG_STOPS,
    )?;
    resumes(|| n_step(2, 10), &vec![MaximisationBias::new(); 2], &STOPS)?;
    let linear = LinearConfig { discount: 1.0, step_size: 0.3, min_support: 1 };
    let tiles = TileCoding::new(MountainCar::BOUNDS, [4; 2], 8)?;
    resumes(|| LinearSarsa::new(tiles, 3, linear), &vec![MountainCar::new(); 2], &LONG_STOPS)?;
    resumes(|| LinearSarsa::new(tiles, 3, linear), &[MountainCar::endless()], &LONG_STOPS)?;
    let tiles = TileCoding::new([[-1.0, 1.0]; 6], [2; 6], 2)?;
    resumes(|| LinearSarsa::new(tiles, 3, linear), &[Acrobot::new()], &[1, 30])
}

#[test]
fn tables_with_other_settings_are_refused() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let config = TabularConfig::default();
    let at = folder.path().join("n-step");
    save_learner(&at, &NStepSarsa::new(STATES, 2, config, 3), &Streams::new(1))?;
    let message = |error: Option<slatewise_rl::Error>| error.map(|error| error.to_string()).unwrap_or_default();
    let other = resume_learner::<_, Streams>(&at, &mut NStepSarsa::new(STATES, 2, config, 4));
    assert!(message(other.err()).contains("saved with steps = 3, but the learner to go on with has 4"));
    let other = resume_learner::<_, Streams>(&at, &mut NStepSarsa::new(Identity { states: 6 }, 2, config, 3));
    assert!(message(other.err()).contains("= [2, 10, 10], but the learner to go on with has [2, 12, 12]"));
    let traces = folder.path().join("traces");
    let learner = |lambda| SarsaLambda::new(STATES, 2, config, trace(lambda, TraceKind::Replacing));
    save_learner(&traces, &learner(0.9), &Streams::new(1))?;
    assert!(message(resume_learner::<_, Streams>(&traces, &mut learner(0.8)).err()).contains("lambda: 0.9"));
    let linear = |step_size| LinearSarsa::new(STATES, 2, LinearConfig { discount: 1.0, step_size, min_support: 1 });
    let weights = folder.path().join("weights");
    save_learner(&weights, &linear(0.5), &Streams::new(1))?;
    assert!(message(resume_learner::<_, Streams>(&weights, &mut linear(0.4)).err()).contains("step_size: 0.5"));
    Ok(())
}

#[test]
fn a_state_of_other_settings_or_another_learner_is_refused() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let directory = folder.path().join("state");
    let mut learner = dqn(config());
    let mut learning = Learning::new(&mut learner, EPSILON, |reward: &f64, _: &[f32; 4]| *reward);
    rollout(&mut [CartPole::new()], &mut learning, Budget::Steps(40), &mut Streams::new(1));
    save_learner(&directory, &learner, &Streams::new(1))?;
    let other = resume_learner::<_, Streams>(&directory, &mut dqn(DqnConfig { discount: 0.5, ..config() }));
    assert!(other.is_err_and(|error| error.to_string().contains("discount: 0.95")));
    let mut table = QLearning::new(Identity { states: 5 }, 2, TabularConfig::default());
    assert!(
        resume_learner::<_, Streams>(&directory, &mut table).is_err_and(|e| e.to_string().contains("slatewise-dqn"))
    );
    // A byte of the replay buffer changed.
    let path = directory.join("replay.safetensors");
    let mut bytes = std::fs::read(&path)?;
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    std::fs::write(&path, bytes)?;
    assert!(resume_learner::<_, Streams>(&directory, &mut dqn(config())).is_err());
    // And nothing is written over.
    assert!(save_learner(&directory, &learner, &Streams::new(1)).is_err());
    Ok(())
}
