//! PPO with CleanRL's settings learns to balance the pole in four parallel environments, the same from the same seed; stopped and taken up
//! again, PPO and REINFORCE are the uninterrupted ones.

use std::error::Error;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_rl::deep::{PolicyLearner, PolicyLearning, PolicyMemory, Ppo, PpoConfig, Reinforce, ReinforceConfig};
use slatewise_rl::environments::CartPole;
use slatewise_rl::{Budget, Numbers, Rollout, Saved, Streams, resume_learner, rollout, save_learner};

/// Returns of all episodes that ended within `steps` steps.
fn returns(seed: u64, steps: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut learner = Ppo::new(Numbers::plain(), 2, PpoConfig::default(), &Device::flex(), &mut rng);
    let mut learning = PolicyLearning::new(&mut learner, |reward: &f64, _: &[f32; 4]| *reward);
    let mut environments = [CartPole::new(), CartPole::new(), CartPole::new(), CartPole::new()];
    rollout(&mut environments, &mut learning, Budget::Steps(steps), &mut Streams::new(seed));
    learning.returns().to_vec()
}

#[test]
fn ppo_balances_the_pole_within_100_000_steps() {
    let returns = returns(0, 100_000);
    let mean = returns.iter().rev().take(50).sum::<f64>() / 50.0;
    assert!(mean >= 195.0, "the last 50 of {} episodes had a mean return of {mean}", returns.len());
}

#[test]
fn a_run_repeats_itself_from_its_seed() {
    let first = returns(3, 5_000);
    assert_eq!(first, returns(3, 5_000));
    assert_ne!(first, returns(4, 5_000));
}

/// What is kept beside the learner.
#[derive(Serialize, Deserialize)]
struct Progress {
    environments: Vec<CartPole>,
    rollout: Rollout,
    streams: Streams,
    memory: PolicyMemory,
}

/// Runs in parts that end at `stops`, each in a learner that knows only what was saved; returns where the end lies.
fn run<L>(make: impl Fn() -> L, stops: &[u64], folder: &Path) -> Result<PathBuf, Box<dyn Error>>
where
    L: PolicyLearner<[f32; 4]> + Saved,
{
    let (mut before, mut saved): (u64, Option<PathBuf>) = (0, None);
    for &stop in stops {
        let mut learner = make();
        let progress: Option<Progress> = match &saved {
            Some(directory) => Some(resume_learner(directory, &mut learner)?),
            None => None,
        };
        let mut learning = PolicyLearning::new(&mut learner, |reward: &f64, _: &[f32; 4]| *reward);
        let (mut environments, mut rollout, mut streams) = match progress {
            Some(progress) => {
                learning.recall(progress.memory);
                (progress.environments, progress.rollout, progress.streams)
            }
            None => (vec![CartPole::new(); 3], Rollout::default(), Streams::new(5)),
        };
        rollout.run(&mut environments, &mut learning, Budget::Steps(stop - before), &mut streams);
        let progress = Progress { environments, rollout, streams, memory: learning.memory() };
        let directory = folder.join(format!("{}-parts-step-{stop}", stops.len()));
        save_learner(&directory, &learner, &progress)?;
        (before, saved) = (stop, Some(directory));
    }
    saved.ok_or_else(|| "no part".into())
}

fn resumes<L: PolicyLearner<[f32; 4]> + Saved>(make: impl Fn() -> L) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // In the middle of a round over three carts, and on either side of an update.
    let parts = run(&make, &[1, 2, 17, 95, 96, 97, 98, 150, 240], folder.path())?;
    let whole = run(&make, &[240], folder.path())?;
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

#[test]
fn both_go_on_as_if_nothing_had_happened() -> Result<(), Box<dyn Error>> {
    let rng = || ChaCha8Rng::seed_from_u64(1);
    let ppo = PpoConfig { hidden: vec![8], steps: 32, ..PpoConfig::default() };
    resumes(|| Ppo::new(Numbers::plain(), 2, ppo.clone(), &Device::flex(), &mut rng()))?;
    let reinforce = ReinforceConfig { hidden: vec![8], episodes: 2, ..ReinforceConfig::default() };
    resumes(|| Reinforce::new(Numbers::plain(), 2, reinforce.clone(), &Device::flex(), &mut rng()))
}
