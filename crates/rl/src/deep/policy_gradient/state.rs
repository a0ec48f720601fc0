//! The whole state of REINFORCE and PPO, to be saved and taken up. The caller keeps [`PolicyLearning::memory`] beside it.
//!
//! [`PolicyLearning::memory`]: super::PolicyLearning::memory

use std::path::Path;

use burn::module::Module;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slatewise_model::{StateReader, StateWriter};

use super::actor_critic::ActorCritic;
use super::ppo::Ppo;
use super::reinforce::Reinforce;
use crate::checkpoint::{Saved, same};
use crate::error::Error;
use crate::support::Support;

/// `learner.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters<C> {
    /// Learned from.
    steps: u64,
    gradient_steps: u64,
    config: C,
    support: Option<Support>,
}

impl<R> ActorCritic<R> {
    fn write<C: Serialize + Clone>(
        &self,
        out: &mut StateWriter<'_>,
        config: &C,
        steps: u64,
    ) -> Result<(), slatewise_model::Error> {
        out.network("networks", &self.networks.valid())?;
        out.optimizer("optimizer", &self.optimizer)?;
        let (gradient_steps, support) = (self.gradient_steps, self.support().cloned());
        out.settings("learner", &Counters { steps, gradient_steps, config: config.clone(), support })
    }

    /// Takes a saved state and returns the steps that were learned from.
    fn read<C>(&mut self, from: &StateReader, directory: &Path, config: &C) -> Result<u64, Error>
    where
        C: DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let counters: Counters<C> = from.settings("learner")?;
        same(directory, "config", &counters.config, config)?;
        let (mut networks, mut optimizer) = (self.networks.clone(), self.optimizer.clone());
        from.network("networks", &mut networks)?;
        from.optimizer("optimizer", &mut optimizer, &self.policy.device)?;
        self.policy.network = networks.policy.valid();
        self.policy.set_support(counters.support);
        (self.networks, self.optimizer, self.gradient_steps) = (networks, optimizer, counters.gradient_steps);
        Ok(counters.steps)
    }
}

impl<R> Saved for Ppo<R> {
    const FORMAT: &'static str = "slatewise-ppo";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        self.networks.write(out, &self.config, self.steps)
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        self.steps = self.networks.read(from, directory, &self.config)?;
        Ok(())
    }
}

impl<R> Saved for Reinforce<R> {
    const FORMAT: &'static str = "slatewise-reinforce";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        self.networks.write(out, &self.config, 0)
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        self.networks.read(from, directory, &self.config)?;
        Ok(())
    }
}
