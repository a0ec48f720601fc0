//! The whole state of a DQN, to be saved and taken up.

use std::path::Path;

use burn::module::Module;
use serde::{Deserialize, Serialize};
use slatewise_model::{Numbers, StateReader, StateWriter};

use super::{Dqn, DqnConfig};
use crate::checkpoint::{Saved, same};
use crate::deep::Noise;
use crate::error::Error;
use crate::replay::{EncodedState, NStep, Priorities};
use crate::support::Support;

/// `learner.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters {
    received: u64,
    gradient_steps: u64,
    losses: Vec<(u64, f32)>,
    largest_priority: Option<f64>,
    config: DqnConfig,
    n_step: NStep<EncodedState>,
    noise: Option<Noise>,
    support: Option<Support>,
}

impl<R> Saved for Dqn<R> {
    const FORMAT: &'static str = "slatewise-dqn";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.network("online", &self.acting)?;
        out.network("target", &self.target)?;
        out.optimizer("optimizer", &self.optimizer)?;
        self.replay.write(out, "replay")?;
        let priorities = self.priorities.as_ref().map(|priorities| priorities.state(self.replay.len()));
        if let Some((priorities, _)) = &priorities {
            out.arrays("priorities", vec![("priority".to_owned(), Numbers::F64(priorities))])?;
        }
        out.settings(
            "learner",
            &Counters {
                received: self.received,
                gradient_steps: self.gradient_steps,
                losses: self.losses.clone(),
                largest_priority: priorities.map(|(_, largest)| largest),
                config: self.config.clone(),
                n_step: self.n_step.clone(),
                noise: self.noise.clone(),
                support: self.support.clone(),
            },
        )
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        let counters: Counters = from.settings("learner")?;
        same(directory, "config", &counters.config, &self.config)?;
        let (mut online, mut target, mut optimizer) =
            (self.online.clone(), self.target.clone(), self.optimizer.clone());
        from.network("online", &mut online)?;
        from.network("target", &mut target)?;
        from.optimizer("optimizer", &mut optimizer, &self.device)?;
        let replay = self.replay.read(from, "replay")?;
        let mut priorities = self.config.prioritised.map(|config| Priorities::new(config, self.config.replay_capacity));
        if let (Some(priorities), Some(largest)) = (&mut priorities, counters.largest_priority) {
            priorities.restore(&from.arrays("priorities")?.f64("priority")?, largest);
        }
        (self.acting, self.online, self.target, self.optimizer) = (online.valid(), online, target, optimizer);
        (self.replay, self.priorities, self.n_step) = (replay, priorities, counters.n_step);
        (self.received, self.gradient_steps) = (counters.received, counters.gradient_steps);
        (self.losses, self.noise, self.support) = (counters.losses, counters.noise, counters.support);
        Ok(())
    }
}
