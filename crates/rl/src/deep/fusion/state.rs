//! The whole state of RMTL, to be saved and taken up.

use std::path::Path;

use burn::module::Module;
use serde::{Deserialize, Serialize};
use slatewise_model::{StateReader, StateWriter};

use super::config::RmtlConfig;
use super::rmtl::{Rmtl, RmtlLosses};
use crate::checkpoint::{Saved, same};
use crate::error::Error;

/// `learner.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters {
    received: u64,
    gradient_steps: u64,
    actor_steps: u64,
    reward_weights: Vec<f64>,
    config: RmtlConfig,
    losses: Vec<RmtlLosses>,
}

impl Saved for Rmtl {
    const FORMAT: &'static str = "slatewise-rmtl";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.network("actor", self.acting.network())?;
        out.network("critics", &self.critics.valid())?;
        out.network("target_actor", &self.target_actor)?;
        out.network("target_critics", &self.target_critics)?;
        out.optimizer("actor_optimizer", &self.actor_optimizer)?;
        out.optimizer("critic_optimizer", &self.critic_optimizer)?;
        self.replay.write(out, "replay")?;
        out.settings(
            "learner",
            &Counters {
                received: self.received,
                gradient_steps: self.gradient_steps,
                actor_steps: self.actor_steps,
                reward_weights: self.reward_weights.clone(),
                config: self.config.clone(),
                losses: self.losses.clone(),
            },
        )
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        let counters: Counters = from.settings("learner")?;
        same(directory, "config", &counters.config, &self.config)?;
        let (mut actor, mut critics) = (self.actor.clone(), self.critics.clone());
        let (mut target_actor, mut target_critics) = (self.target_actor.clone(), self.target_critics.clone());
        from.network("actor", &mut actor)?;
        from.network("critics", &mut critics)?;
        from.network("target_actor", &mut target_actor)?;
        from.network("target_critics", &mut target_critics)?;
        let (mut of_actor, mut of_critics) = (self.actor_optimizer.clone(), self.critic_optimizer.clone());
        from.optimizer("actor_optimizer", &mut of_actor, &self.device)?;
        from.optimizer("critic_optimizer", &mut of_critics, &self.device)?;
        self.replay = self.replay.read(from, "replay")?;
        self.acting.set_network(actor.valid());
        (self.actor, self.critics) = (actor, critics);
        (self.target_actor, self.target_critics) = (target_actor, target_critics);
        (self.actor_optimizer, self.critic_optimizer) = (of_actor, of_critics);
        (self.received, self.gradient_steps) = (counters.received, counters.gradient_steps);
        (self.actor_steps, self.reward_weights) = (counters.actor_steps, counters.reward_weights);
        self.losses = counters.losses;
        Ok(())
    }
}
