//! What `compare-policies` reads: a planted world, a reward, a log made in it, models, agents, and how they are judged.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use slatewise_rl::deep::fusion::{FusionForm, RmtlConfig};
use slatewise_rl::deep::slate_q::SlateOptimizer;
use slatewise_rl::deep::{DqnConfig, SlateQConfig};
use slatewise_rl::feed::{FeedConfig, FeedRewardSpec, PlantedSpec, VisitorFit};
use slatewise_rl::feed_agents::ResponseScoresConfig;
use slatewise_rl::tabular::TabularConfig;

/// A comparison of policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareConfig {
    /// Names it in the report.
    pub(crate) name: String,
    /// The first seed; every seed of the comparison follows from it.
    pub(crate) seed: u64,
    /// γ per slate, in [0, 1).
    pub(crate) discount: f64,
    #[serde(default)]
    pub(crate) world: PlantedSpec,
    #[serde(default)]
    pub(crate) feed: FeedConfig,
    #[serde(default)]
    pub(crate) reward: FeedRewardSpec,
    #[serde(default)]
    pub(crate) log: LogConfig,
    #[serde(default)]
    pub(crate) fit: VisitorFit,
    #[serde(default)]
    pub(crate) scores: ResponseScoresConfig,
    #[serde(default)]
    pub(crate) agents: AgentsConfig,
    #[serde(default)]
    pub(crate) compare: CompareSettings,
}

/// The log from which everything is learned, under `[log]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// Visitors from whom models and the learners' simulator are learned.
    pub(crate) visitors: u64,
    /// Further visitors on whom simulators are judged, and from whom the judge's simulator is fitted.
    pub(crate) held_out: u64,
    /// How much the logging policy prefers popular items over others: weights e^(preference · quality), 0 for none.
    pub(crate) preference: f64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { visitors: 2_000, held_out: 1_000, preference: 0.5 }
    }
}

/// What learns, under `[agents]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AgentsConfig {
    /// Simulated visitors that each agent meets while it learns.
    pub(crate) visitors: u64,
    /// ε of those that explore so, in [0, 1].
    pub(crate) epsilon: f64,
    /// How scores are fused by weights that are learned.
    pub(crate) form: FusionForm,
    /// Steps from 0 to 1 of the grid of fusion weights.
    pub(crate) grid_steps: usize,
    /// Tabular agents: weights on a grid, surfaces.
    pub(crate) tabular: TabularConfig,
    /// The actor and its critics.
    pub(crate) rmtl: RmtlConfig,
    /// DQN over items.
    pub(crate) dqn: DqnConfig,
    /// SlateQ.
    pub(crate) slate_q: SlateQConfig,
}

impl Default for AgentsConfig {
    fn default() -> Self {
        Self {
            visitors: 600,
            epsilon: 0.2,
            form: FusionForm::Linear,
            grid_steps: 4,
            tabular: TabularConfig::default(),
            rmtl: RmtlConfig { learn_every: 2, learning_starts: 500, ..RmtlConfig::default() },
            dqn: DqnConfig { learn_every: 8, learning_starts: 500, ..DqnConfig::default() },
            // Where clickbait competes with better items, the best slate must be the best and not the top k.
            slate_q: SlateQConfig {
                optimizer: SlateOptimizer::Exact,
                learn_every: 2,
                learning_starts: 500,
                ..SlateQConfig::default()
            },
        }
    }
}

/// How policies are judged, under `[compare]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CompareSettings {
    /// Worlds, each with a log and agents of its own; at least 2.
    pub(crate) seeds: usize,
    /// Visitors on whom each policy is judged, in each simulator.
    pub(crate) visitors: u64,
    /// Simulators fitted to visitors drawn with replacement; a policy's cautious value is the lowest among them.
    pub(crate) ensemble: usize,
}

impl Default for CompareSettings {
    fn default() -> Self {
        Self { seeds: 10, visitors: 500, ensemble: 3 }
    }
}

impl CompareConfig {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that cannot be read, a key that does not exist, a number out of its range.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot read it", path.display()))?;
        let config: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        config.validate().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    /// Checks the settings that no part checks itself.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn validate(&self) -> Result<()> {
        ensure!((0.0..1.0).contains(&self.discount), "discount: {} must lie in [0, 1)", self.discount);
        self.feed.validate("feed", self.world.items as usize)?;
        self.fit.validate("fit")?;
        let agents = &self.agents;
        ensure!((0.0..=1.0).contains(&agents.epsilon), "agents.epsilon: {} must lie in [0, 1]", agents.epsilon);
        ensure!(agents.grid_steps >= 1, "agents.grid_steps: must be at least 1");
        agents.tabular.validate("agents.tabular")?;
        agents.dqn.validate("agents.dqn")?;
        agents.slate_q.validate("agents.slate_q")?;
        let counts = [
            ("log.visitors", self.log.visitors),
            ("log.held_out", self.log.held_out),
            ("agents.visitors", agents.visitors),
            ("compare.visitors", self.compare.visitors),
            ("scores.batch_rows", self.scores.batch_rows as u64),
            ("scores.embedding", self.scores.embedding as u64),
        ];
        for (key, count) in counts {
            ensure!(count >= 1, "{key}: must be at least 1");
        }
        ensure!(self.log.preference.is_finite(), "log.preference: must be a finite number");
        ensure!(self.compare.seeds >= 2, "compare.seeds: at least 2, for an interval");
        ensure!(self.compare.ensemble >= 1, "compare.ensemble: must be at least 1");
        Ok(())
    }
}
