//! The health of the kept model: whether its gates choose, its experts differ, its tasks agree, and how long its embeddings are.
//!
//! ```text
//! gates, experts   4 batches of 4096 rows, each from a quarter of the validation sessions, every row as it was
//! gradients        16 batches as training draws them (shuffled, sampled, weighted) from the validation sessions, smaller
//!                  than training's where there are too few rows, but of 128 rows at least
//! embeddings       the tables as they are
//! ```
//!
//! What is collapsed, unused, a copy or in conflict is told in words by [`Health::warnings`];
//! `docs/algorithms/health.md` defines every number.

use std::ops::Range;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use slatewise_features::{Batch, EpochLoader, LoaderConfig, Source};
use slatewise_model::{ExpertPair, GateHealth, GradientConflict, MultiTaskModel, TableNorms, TrunkHealth, upload};

use super::data::Data;
use super::fit::rows_drawn;
use crate::config::RunConfig;
use crate::seeds::Seeds;

/// Parts of the validation sessions, with a batch from each for gates and experts.
const TRUNK_BATCHES: u32 = 4;
/// Rows of such a batch: slates are not cut, so that the last one may stand over.
const TRUNK_ROWS: usize = 4096;
/// Batches on which the tasks' gradients are compared, at most.
const GRADIENT_BATCHES: usize = 16;
/// Rows of such a batch, at least.
const GRADIENT_ROWS: usize = 128;
/// Two experts whose outputs' mean cosine is above this are copies.
const COPIES_ABOVE: f64 = 0.99;
/// Two tasks mostly conflict where the share of batches with a negative cosine is above this ...
const CONFLICT_ABOVE: f64 = 0.5;
/// ... the mean cosine is below this: of unrelated tasks, half of the batches have a negative cosine that means nothing ...
const CONFLICT_BELOW: f64 = -0.05;
/// ... and the batches are at least this many.
pub(super) const JUDGED_BATCHES: u64 = 8;

/// What was measured; positions of tasks have become their names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Health {
    /// Validation rows on which gates and experts were measured.
    pub(super) rows: usize,
    /// Of every gate, in the trunk's order; empty where nothing is mixed.
    pub(super) gates: Vec<Gate>,
    /// Of every two experts that a gate mixes.
    pub(super) experts: Vec<ExpertPair>,
    /// Of every two tasks.
    pub(super) tasks: Vec<TaskPair>,
    /// Of every embedding table.
    pub(super) embeddings: Vec<TableNorms>,
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    /// What kind of thing, in two words.
    pub(super) kind: &'static str,
    pub(super) text: String,
}

/// A gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Gate {
    /// The task that it serves; none where it serves all.
    pub(super) task: Option<String>,
    /// Whether all experts but one are unused.
    pub(super) collapsed: bool,
    #[serde(flatten)]
    pub(super) health: GateHealth,
}

/// How the gradients of two tasks lie to each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct TaskPair {
    pub(super) first: String,
    pub(super) second: String,
    /// Batches in which both had a gradient.
    pub(super) batches: u64,
    /// Mean cosine over these, -1 to 1; none without any.
    pub(super) mean_cosine: Option<f64>,
    /// Share of these with a negative cosine, 0 to 1; none without any.
    pub(super) conflicting: Option<f64>,
}

/// Measures the kept model on validation sessions; a seed gives the same numbers.
pub(super) fn measure(
    config: &RunConfig,
    data: &Data,
    source: Source<'_>,
    model: &MultiTaskModel,
    device: &Device,
) -> Result<Health> {
    let sessions = data.split.validation.clone();
    let firsts = parts(sessions.clone(), TRUNK_BATCHES)
        .filter_map(|part| EpochLoader::evaluation(source, part, TRUNK_ROWS).next())
        .collect::<Vec<_>>();
    let (rows, trunk) = measure_trunk(&firsts, model, device).context("measuring the trunk")?;
    let batch_rows = gradient_rows(rows_drawn(config, data, &sessions), config.loader.batch_rows);
    let loader = LoaderConfig { batch_rows, ..config.loader.clone() };
    let drawn = EpochLoader::training(source, sessions, &loader, Seeds(config.seed).stream("health"));
    let drawn: Vec<Batch> = drawn.take(GRADIENT_BATCHES).collect();
    let conflict = model.gradient_conflict(&drawn, device).context("comparing the tasks' gradients")?;
    let names: Vec<&str> = config.tasks.iter().map(|task| task.name.as_str()).collect();
    Ok(Health::new(rows, trunk, &conflict, &names, model.embedding().norms()))
}

/// Rows per batch that make [`GRADIENT_BATCHES`] of the rows there are; training's at most.
fn gradient_rows(drawn: f64, training: usize) -> usize {
    ((drawn / GRADIENT_BATCHES as f64) as usize).max(GRADIENT_ROWS).min(training)
}

/// Equal parts of some sessions, in order.
fn parts(sessions: Range<u32>, count: u32) -> impl Iterator<Item = Range<u32>> {
    let bound = move |part: u32| {
        let passed = u64::from(sessions.end - sessions.start) * u64::from(part) / u64::from(count);
        sessions.start + passed as u32
    };
    (0..count).map(move |part| bound(part)..bound(part + 1))
}

/// The number of rows, and gates and experts over all of them.
fn measure_trunk(batches: &[Batch], model: &MultiTaskModel, device: &Device) -> Result<(usize, TrunkHealth)> {
    let device = device.clone().without_autodiff();
    let mut inputs = Vec::with_capacity(batches.len());
    for batch in batches {
        let (features, _) = upload(&batch.features, None, model, &device)?;
        inputs.push(features.x);
    }
    if inputs.is_empty() {
        return Ok((0, TrunkHealth { gates: Vec::new(), pairs: Vec::new() }));
    }
    let x = Tensor::cat(inputs, 0);
    Ok((x.dims()[0], TrunkHealth::measure(model.trunk(), x)?))
}

impl Health {
    /// Puts the tasks' names where their positions were.
    fn new(
        rows: usize,
        trunk: TrunkHealth,
        conflict: &GradientConflict,
        names: &[&str],
        embeddings: Vec<TableNorms>,
    ) -> Self {
        let named = |expert: String| with_task_name(&expert, names);
        let gate = |health: GateHealth| {
            let task = task_of(&health.name).and_then(|task| names.get(task)).map(|name| (*name).to_owned());
            let collapsed = health.is_collapsed();
            let experts = health.experts.into_iter().map(named).collect();
            Gate { task, collapsed, health: GateHealth { experts, ..health } }
        };
        let experts = trunk.pairs.into_iter().map(|pair| ExpertPair {
            first: named(pair.first),
            second: named(pair.second),
            similarity: pair.similarity,
        });
        let experts = experts.collect();
        let pairs = conflict.pairs().into_iter().map(|pair| TaskPair {
            first: names[pair.first].to_owned(),
            second: names[pair.second].to_owned(),
            batches: pair.steps,
            mean_cosine: pair.mean_cosine,
            conflicting: pair.negative_share,
        });
        let (gates, tasks) = (trunk.gates.into_iter().map(gate).collect(), pairs.collect());
        Self { rows, gates, experts, tasks, embeddings }
    }

    /// One per collapsed gate, unused expert, pair of copies, and pair of tasks that mostly conflict.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let collapsed = self.gates.iter().filter(|gate| gate.collapsed).map(Gate::collapse);
        let unused = self.unused_experts().into_iter().map(|expert| Warning {
            kind: "Unused expert",
            text: format!("{expert} is unused: every gate gives it next to no weight"),
        });
        let copies = self.experts.iter().filter_map(|pair| {
            let similarity = pair.similarity.filter(|&similarity| similarity > COPIES_ABOVE)?;
            let text = format!("{} and {} are copies: mean cosine {similarity:.4}", pair.first, pair.second);
            Some(Warning { kind: "Copied experts", text })
        });
        let conflicts = self.tasks.iter().filter_map(TaskPair::conflict);
        collapsed.chain(unused).chain(copies).chain(conflicts).collect()
    }

    /// Experts that are unused in every gate that mixes them, in the trunk's order.
    fn unused_experts(&self) -> Vec<&str> {
        let mut seen: Vec<(&str, bool)> = Vec::new();
        for gate in &self.gates {
            for (place, expert) in gate.health.experts.iter().enumerate() {
                let unused = gate.health.is_unused(place);
                match seen.iter_mut().find(|(name, _)| name == expert) {
                    Some((_, in_all)) => *in_all &= unused,
                    None => seen.push((expert, unused)),
                }
            }
        }
        seen.into_iter().filter_map(|(expert, in_all)| in_all.then_some(expert)).collect()
    }
}

impl Gate {
    /// What it is called: the task, `shared`, with the level where there are several.
    pub(super) fn name(&self) -> String {
        let served = self.task.as_deref().unwrap_or("shared");
        self.level().map_or_else(|| served.to_owned(), |level| format!("{served}, {level}"))
    }

    fn collapse(&self) -> Warning {
        let (expert, weight) = self.leading();
        let text =
            format!("the gate of {} has collapsed: {expert} has {:.1} % of its weight", self.name(), 100.0 * weight);
        Warning { kind: "Collapsed gate", text }
    }

    /// The expert with the largest mean weight, and that weight.
    pub(super) fn leading(&self) -> (&str, f64) {
        let experts = self.health.experts.iter().zip(&self.health.utilisation);
        let leading = experts.max_by(|one, other| one.1.total_cmp(other.1));
        leading.map_or(("", 0.0), |(expert, &weight)| (expert, weight))
    }

    /// Such as `level 0`, where the trunk has levels.
    pub(super) fn level(&self) -> Option<String> {
        let number = self.health.name.strip_prefix("level.")?.split('.').next()?;
        Some(format!("level {number}"))
    }
}

impl TaskPair {
    /// Whether there are batches enough to say that the two conflict, or that they do not.
    pub(super) fn is_judged(&self) -> bool {
        self.batches >= JUDGED_BATCHES
    }

    /// The warning, where the two mostly conflict.
    fn conflict(&self) -> Option<Warning> {
        let (share, cosine) = (self.conflicting?, self.mean_cosine?);
        (self.is_judged() && share > CONFLICT_ABOVE && cosine < CONFLICT_BELOW).then(|| Warning {
            kind: "Conflicting tasks",
            text: format!(
                "{} and {} mostly conflict: their gradients have a negative cosine in {:.0} % of {} batches, mean {cosine:.3}",
                self.first,
                self.second,
                100.0 * share,
                self.batches
            ),
        })
    }
}

/// The position of a task in a gate's name: 1 of `task.1` and `level.0.task.1`.
fn task_of(gate: &str) -> Option<usize> {
    let (_, position) = gate.rsplit_once("task.")?;
    position.parse().ok()
}

/// The name of an expert with its task's name in place of the position: `level.0.task_expert.1.0`, `task.1.own`.
fn with_task_name(expert: &str, names: &[&str]) -> String {
    let mut words: Vec<&str> = expert.split('.').collect();
    for place in 1..words.len() {
        let task = words[place].parse().ok().and_then(|task: usize| names.get(task));
        if let (true, Some(task)) = (words[place - 1].starts_with("task"), task) {
            words[place] = task;
        }
    }
    words.join(".")
}

#[cfg(test)]
mod tests {
    use slatewise_model::{ExpertPair, GateHealth, GradientConflict, TableNorms, TrunkHealth};

    use super::{Gate, Health, TaskPair, gradient_rows, parts, task_of, with_task_name};

    fn gate(name: &str, experts: &[&str], weight: &[f32]) -> GateHealth {
        let outputs = vec![[1.0_f32].as_slice(); experts.len()];
        GateHealth::new(name.into(), experts.iter().map(|&name| name.to_owned()).collect(), weight, &outputs, 1)
    }

    fn health(gates: Vec<GateHealth>, pairs: Vec<ExpertPair>) -> Health {
        let norms = vec![TableNorms { table: "item".into(), rows: 3, mean: 0.5, largest: 1.0 }];
        Health::new(1, TrunkHealth { gates, pairs }, &GradientConflict::new(2), &["click", "buy"], norms)
    }

    fn tasks(batches: u64, conflicting: f64, mean_cosine: f64) -> TaskPair {
        let (mean_cosine, conflicting) = (Some(mean_cosine), Some(conflicting));
        TaskPair { first: "click".into(), second: "buy".into(), batches, mean_cosine, conflicting }
    }

    #[test]
    fn sessions_are_parted_without_gaps() {
        assert_eq!(parts(10..20, 4).collect::<Vec<_>>(), [10..12, 12..15, 15..17, 17..20]);
        assert_eq!(parts(3..4, 2).collect::<Vec<_>>(), [3..3, 3..4]);
        assert!(parts(0..u32::MAX, 4).eq([
            0..1073741823,
            1073741823..2147483647,
            2147483647..3221225471,
            3221225471..u32::MAX
        ]));
    }

    #[test]
    fn batches_are_many_before_they_are_large() {
        assert_eq!(gradient_rows(16.0 * 300.0, 2048), 300);
        assert_eq!(gradient_rows(1e6, 2048), 2048);
        assert_eq!((gradient_rows(500.0, 2048), gradient_rows(500.0, 64)), (128, 64));
    }

    #[test]
    fn experts_are_called_by_their_tasks() {
        let named = |expert| with_task_name(expert, &["click", "buy"]);
        assert_eq!(named("level.0.task_expert.1.0"), "level.0.task_expert.buy.0");
        assert_eq!(named("level.1.shared_expert.0"), "level.1.shared_expert.0");
        assert_eq!((named("task.1.own"), named("expert.1")), ("task.buy.own".to_owned(), "expert.1".to_owned()));
    }

    #[test]
    fn gates_are_called_by_their_tasks() {
        assert_eq!(
            [task_of("task.1"), task_of("level.0.task.12"), task_of("level.0.shared")],
            [Some(1), Some(12), None]
        );
        let names = ["task.1", "level.0.task.0", "level.3.shared"];
        let found = health(names.map(|name| gate(name, &["a", "b"], &[0.5, 0.5])).into(), vec![]);
        let called: Vec<String> = found.gates.iter().map(Gate::name).collect();
        assert_eq!(called, ["buy", "click, level 0", "shared, level 3"]);
        assert_eq!(found.gates[2].task, None);
    }

    #[test]
    fn a_healthy_model_has_no_warning() {
        let pair = ExpertPair { first: "a".into(), second: "b".into(), similarity: Some(0.99) };
        let gates = vec![gate("task.0", &["a", "b"], &[0.9, 0.1]), gate("task.1", &["a", "b"], &[0.5, 0.5])];
        assert_eq!(health(gates, vec![pair]).warnings(), []);
    }

    /// Expert c is unused by one gate only, d by both; one gate has collapsed.
    #[test]
    fn each_fault_has_its_line() {
        let experts = ["a", "b", "c", "d"];
        let gates = vec![
            gate("task.0", &experts, &[0.015_625, 0.953_125, 0.015_625, 0.015_625]),
            gate("task.1", &experts, &[0.5, 0.0, 0.5, 0.0]),
        ];
        let pair = |second: &str, similarity| ExpertPair { first: "a".into(), second: second.into(), similarity };
        let mut found = health(gates, vec![pair("b", None), pair("c", Some(0.9951))]);
        assert_eq!(found.gates.iter().map(|gate| gate.collapsed).collect::<Vec<_>>(), [true, false]);
        found.tasks = vec![tasks(16, 0.75, -0.25)];
        let expected = [
            "the gate of click has collapsed: b has 95.3 % of its weight",
            "d is unused: every gate gives it next to no weight",
            "a and c are copies: mean cosine 0.9951",
            "click and buy mostly conflict: their gradients have a negative cosine in 75 % of 16 batches, mean -0.250",
        ];
        let warnings = found.warnings();
        assert_eq!(warnings.iter().map(|warning| warning.text.as_str()).collect::<Vec<_>>(), expected);
        let kinds: Vec<&str> = warnings.iter().map(|warning| warning.kind).collect();
        assert_eq!(kinds, ["Collapsed gate", "Unused expert", "Copied experts", "Conflicting tasks"]);
    }

    #[test]
    fn a_conflict_is_most_batches_clearly_and_batches_enough() {
        assert!(tasks(8, 0.625, -0.06).conflict().is_some());
        for harmless in [tasks(8, 0.5, -0.06), tasks(8, 0.625, -0.04), tasks(7, 1.0, -0.5), tasks(16, 0.0, 0.9)] {
            assert_eq!(harmless.conflict(), None, "{harmless:?}");
        }
        let never = TaskPair { mean_cosine: None, conflicting: None, ..tasks(0, 0.0, 0.0) };
        assert_eq!(never.conflict(), None);
    }

    #[test]
    fn numbers_stand_under_their_names() -> serde_json::Result<()> {
        let found = serde_json::to_value(health(vec![gate("task.1", &["a", "b"], &[0.25, 0.75])], vec![]))?;
        assert_eq!(found["gates"][0]["task"], "buy");
        assert_eq!(found["gates"][0]["utilisation"], serde_json::json!([0.25, 0.75]));
        assert_eq!((&found["tasks"][0]["second"], &found["tasks"][0]["batches"]), (&"buy".into(), &0.into()));
        assert!(found["tasks"][0]["mean_cosine"].is_null());
        assert_eq!(found["embeddings"][0]["largest"], 1.0);
        Ok(())
    }
}
