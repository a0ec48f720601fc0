//! `ResponseScores`: one multi-task model of what a visitor does with an item, learned from a log of slates.
//!
//! ```text
//! a slot of the log ──▶ ids   segment | item | segment × topic
//!                       dense content of the item | ln(1 + shown of its topic), in the visit and in the last slate
//!                             | ln(1 + step, satisfied, disappointed) | ln(1 + position)
//!                   ──▶ MultiTaskModel: click;  every other task after the click, over all slots (ESMM)
//! scores(s): [I, K] = P(task k | item shown first in state s)
//! ```
//!
//! The position is an input in training and 0 in scoring, so that what stood on top is not taken for what is liked (Zhao et al. 2019,
//! "Recommending what video to watch next", has a shallow tower for it; Guo et al. 2019, "PAL", divides it off).

use burn::tensor::Device;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use slatewise_model::{
    EmbeddingConfig, Head, ModelConfig, Ranker, SharedBottomConfig, TaskShape, Trainer, TrainerConfig, TrunkConfig,
};

use crate::error::Error;
use crate::feed::{FeedItems, FeedLog, FeedState};

/// The model and its training, under `[scores]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseScoresConfig {
    /// Widths of embeddings, ≥ 1.
    pub embedding: usize,
    /// Trunk and towers.
    pub model: ModelConfig,
    /// The training; `epochs` passes over all slots of the log.
    pub trainer: TrainerConfig,
    /// Slots per batch, ≥ 1.
    pub batch_rows: usize,
}

impl Default for ResponseScoresConfig {
    fn default() -> Self {
        let trunk = TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![32] });
        Self {
            embedding: 8,
            model: ModelConfig { trunk, tower: vec![16], embedding: EmbeddingConfig::default(), wide: [].into() },
            trainer: TrainerConfig { epochs: 4, learning_rate: 3e-3, ..TrainerConfig::default() },
            batch_rows: 256,
        }
    }
}

/// A learned model that scores all items in a state.
#[derive(Debug, Clone)]
pub struct ResponseScores {
    items: FeedItems,
    segments: usize,
    tasks: usize,
    ranker: Ranker,
}

impl ResponseScores {
    /// Learns some of a log's tasks together, `tasks` by their numbers, the first of them 0, the click.
    ///
    /// # Errors
    /// A model that cannot be built or a training that goes astray.
    pub fn learn(
        log: &FeedLog,
        (items, segments): (&FeedItems, usize),
        tasks: &[usize],
        config: &ResponseScoresConfig,
        (device, rng): (&Device, &mut ChaCha8Rng),
    ) -> Result<Self, Error> {
        assert!(tasks.first() == Some(&0), "the tasks {tasks:?} do not begin with the click");
        let rows = Rows::of(log, items, segments, tasks);
        let shape = |&task: &usize| {
            let shape = TaskShape::of(&log.tasks[task], Head::binary());
            if task == 0 { shape } else { shape.with_after(&log.tasks[0]) }
        };
        let shapes: Vec<TaskShape> = tasks.iter().map(shape).collect();
        let layout = layout(items, segments, config.embedding);
        let model = config.model.init(&layout, &shapes, rng, device)?;
        let slots = rows.ids.len() / FIELDS;
        let mut trainer = Trainer::new(model, &config.trainer, slots.div_ceil(config.batch_rows), device)?;
        let mut order: Vec<usize> = (0..slots).collect();
        for _ in 0..config.trainer.epochs {
            order.shuffle(rng);
            for chosen in order.chunks(config.batch_rows) {
                trainer.step(&rows.batch(chosen, items.width + DENSE, tasks.len()))?;
            }
            trainer.finish_epoch()?;
        }
        let ranker = Ranker::new(trainer.snapshot(), device);
        Ok(Self { items: items.clone(), segments, tasks: tasks.len(), ranker })
    }

    /// Number of tasks, K.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Number of items, I.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// P(task | item shown first in this state) of every item; replaces `out`.
    ///
    /// # Shapes
    /// `out [I, K]`
    pub fn scores(&self, state: &FeedState, out: &mut Vec<f64>) {
        let mut features = FeatureBatch { rows: self.items.len(), ..FeatureBatch::default() };
        for item in 0..self.items.len() as u32 {
            push(state, &self.items, self.segments, (item, 0), &mut features.ids, &mut features.dense);
        }
        out.clear();
        match self.ranker.binary(&features) {
            Ok(scores) => out.extend(scores.into_iter().map(f64::from)),
            Err(error) => unreachable!("features of shape [{}, {FIELDS}] do not fit: {error}", features.rows),
        }
    }
}

/// Categorical fields of a slot.
const FIELDS: usize = 3;

/// Dense values of a slot beside the item's own.
const DENSE: usize = 6;

fn layout(items: &FeedItems, segments: usize, width: usize) -> FeatureLayout {
    let table = |name: &str, rows: usize| TableLayout { name: name.to_owned(), rows: rows + 1, width };
    let tables =
        vec![table("segment", segments), table("item", items.len()), table("segment_topic", segments * items.topics)];
    let field = |(table, of): (usize, &TableLayout)| FieldLayout { name: of.name.clone(), table };
    let fields = tables.iter().enumerate().map(field).collect();
    let own = ["topic_shown", "topic_last", "step", "satisfied", "disappointed", "position"].map(str::to_owned);
    let content = (0..items.width).map(|feature| format!("content_{feature}"));
    FeatureLayout { tables, fields, dense: content.chain(own).collect() }
}

fn push(
    state: &FeedState,
    items: &FeedItems,
    segments: usize,
    (item, position): (u32, u8),
    ids: &mut Vec<u32>,
    dense: &mut Vec<f32>,
) {
    let topic = items.topic[item as usize];
    assert!((state.user as usize) < segments, "segment {} of [{segments}]", state.user);
    ids.extend([1 + state.user, 1 + item, 1 + state.user * items.topics as u32 + topic]);
    dense.extend_from_slice(items.row(item));
    let last = state.last_slate().iter().filter(|seen| items.topic[seen.item as usize] == topic).count();
    let shown = state.topic_shown[topic as usize];
    let counts = [shown, last as u32, state.step, state.satisfied, state.disappointed, position.into()];
    dense.extend(counts.map(|count| f64::from(count).ln_1p() as f32));
}

/// All slots of a log.
#[derive(Default)]
struct Rows {
    ids: Vec<u32>,
    dense: Vec<f32>,
    labels: Vec<f32>,
}

impl Rows {
    fn of(log: &FeedLog, items: &FeedItems, segments: usize, tasks: &[usize]) -> Self {
        let mut rows = Self::default();
        // The last slate is all that is looked at of what was shown before.
        log.replay(items, log.slots, |_, state, response, _| {
            for slot in &response.slots {
                push(state, items, segments, (slot.item, slot.position), &mut rows.ids, &mut rows.dense);
                rows.labels.extend(tasks.iter().map(|&task| f32::from(u8::from(slot.has(task)))));
            }
        });
        rows
    }

    fn batch(&self, chosen: &[usize], dense: usize, tasks: usize) -> Batch {
        let gather = |from: &[f32], width: usize| -> Vec<f32> {
            chosen.iter().flat_map(|&row| &from[row * width..][..width]).copied().collect()
        };
        let ids = chosen.iter().flat_map(|&row| &self.ids[row * FIELDS..][..FIELDS]).copied().collect();
        let features = FeatureBatch { rows: chosen.len(), ids, dense: gather(&self.dense, dense) };
        let value = gather(&self.labels, tasks);
        let weight = vec![1.0; value.len()];
        Batch { features, labels: LabelBatch { value, weight, slate: Vec::new() } }
    }
}
