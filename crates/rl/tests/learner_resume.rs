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
use slatewise_rl::environments::CartPole;
use slatewise_rl::tabular::{QLearning, Sarsa, TabularConfig};
use slatewise_rl::testing::ChainMdp;
use slatewise_rl::{
    Budget, Environment, EpsilonSchedule, Identity, Learner, Learning, LearningMemory, Numbers, PrioritisedConfig,
    Rollout, Saved, Streams, resume_learner, rollout, save_learner,
};

const EPSILON: EpsilonSchedule = EpsilonSchedule { start: 1.0, end: 0.1, steps: 100 };

/// What is kept beside the learner.
#[derive(Serialize, Deserialize)]
struct Progress<E, S> {
    environments: Vec<E>,
    rollout: Rollout,
    streams: Streams,
    memory: LearningMemory<S>,
}

/// Runs `steps` steps in parts that end at `stops`, each part in a learner that knows only what was saved; returns where the end lies.
fn run<E, L>(make: impl Fn() -> L, environments: &[E], stops: &[u64], folder: &Path) -> Result<PathBuf, Box<dyn Error>>
where
    E: Environment<Response = f64> + Clone + Serialize + DeserializeOwned,
    L: Learner<E::Observation> + Saved,
    L::State: Serialize + DeserializeOwned,
{
    let (mut before, mut saved): (u64, Option<PathBuf>) = (0, None);
    for &stop in stops {
        let mut learner = make();
        let progress: Option<Progress<E, L::State>> = match &saved {
            Some(directory) => Some(resume_learner(directory, &mut learner)?),
            None => None,
        };
        let mut learning = Learning::new(&mut learner, EPSILON, |reward: &f64, _: &E::Observation| *reward);
        let (mut environments, mut rollout, mut streams) = match progress {
            Some(progress) => {
                learning.recall(progress.memory);
                (progress.environments, progress.rollout, progress.streams)
            }
            None => (environments.to_vec(), Rollout::default(), Streams::new(5)),
        };
        let done = rollout.run(&mut environments, &mut learning, Budget::Steps(stop - before), &mut streams);
        assert_eq!(done.steps, stop - before);
        let progress = Progress { environments, rollout, streams, memory: learning.memory() };
        let directory = folder.join(format!("{}-parts-step-{stop}", stops.len()));
        save_learner(&directory, &learner, &progress)?;
        (before, saved) = (stop, Some(directory));
    }
    saved.ok_or_else(|| "no part".into())
}

fn resumes<E, L>(make: impl Fn() -> L, environments: &[E], stops: &[u64]) -> Result<(), Box<dyn Error>>
where
    E: Environment<Response = f64> + Clone + Serialize + DeserializeOwned,
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

#[test]
fn tabular_learners_go_on_as_if_nothing_had_happened() -> Result<(), Box<dyn Error>> {
    let (chains, states) = (vec![ChainMdp::new(5, 0.3); 2], Identity { states: 5 });
    let every: Vec<u64> = (1..=120).collect();
    resumes(|| QLearning::new(states, 2, TabularConfig::default()), &chains, &every)?;
    resumes(|| Sarsa::new(states, 2, TabularConfig::default()), &chains, &every)
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
