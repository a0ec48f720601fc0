//! The whole state of SlateQ, to be saved and taken up.

use std::path::Path;

use burn::module::Module;
use serde::{Deserialize, Serialize};
use slatewise_model::{StateReader, StateWriter};

use super::{SlateQ, SlateQConfig};
use crate::checkpoint::{Saved, same};
use crate::error::Error;

/// `learner.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counters {
    received: u64,
    gradient_steps: u64,
    losses: Vec<(u64, f32)>,
    config: SlateQConfig,
}

impl Saved for SlateQ {
    const FORMAT: &'static str = "slatewise-slate-q";

    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error> {
        out.network("online", &self.acting)?;
        out.network("target", &self.target)?;
        out.optimizer("optimizer", &self.optimizer)?;
        self.replay.write(out, "replay")?;
        let (received, gradient_steps, losses) = (self.received, self.gradient_steps, self.losses.clone());
        out.settings("learner", &Counters { received, gradient_steps, losses, config: self.config.clone() })
    }

    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error> {
        let counters: Counters = from.settings("learner")?;
        same(directory, "config", &counters.config, &self.config)?;
        let (mut online, mut target, mut optimizer) =
            (self.online.clone(), self.target.clone(), self.optimizer.clone());
        from.network("online", &mut online)?;
        from.network("target", &mut target)?;
        from.optimizer("optimizer", &mut optimizer, &self.device)?;
        self.replay = self.replay.read(from, "replay", self.width, self.config.reward_weights.len())?;
        (self.acting, self.online, self.target, self.optimizer) = (online.valid(), online, target, optimizer);
        (self.received, self.gradient_steps, self.losses) =
            (counters.received, counters.gradient_steps, counters.losses);
        Ok(())
    }
}
