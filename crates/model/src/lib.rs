//! Multi-task models on burn: a shared trunk, a head per task, masked losses, trainer and checkpoints.
//!
//! 1. **Shape.** A [`ModelConfig`] (widths), a [`FeatureLayout`](slatewise_features::FeatureLayout) (input) and
//!    [`TaskShape`]s (output) make a [`ModelSpec`]; from it and a seeded generator comes a [`MultiTaskModel`].
//! 2. **Upload.** [`upload`] takes a [`FeatureBatch`](slatewise_features::FeatureBatch) and its labels to the device,
//!    once, and refuses what does not fit.
//! 3. **Embed.** [`EmbeddingTables`] look the ids up in the host's memory; dense values stand beside them.
//! 4. **Share.** A [`Trunk`] makes one representation per task: shared bottom, MMoE, PLE, ..., one file each.
//!    [`TrunkHealth`] tells whether its gates choose and its experts differ.
//! 5. **Predict.** A tower per task turns it into logits, and its [`Head`] says what they mean: a click or a purchase after
//!    it, a number, seconds, a level, a class, an item of the catalogue, the choice from a slate.
//! 6. **Learn.** [`Trainer`] takes a step per batch on masked, weighted losses. The caller owns the loops.
//! 7. **Keep.** A [`Checkpoint`] is a directory of hashed files; a [`Ranker`] is what predicts, in training and serving.
//!
//! The device is a value that the caller hands in; nothing here chooses one. On the CPU the same seed gives the same
//! weights, byte for byte, whatever the number of threads.
//!
//! ```
//! use burn::tensor::Device;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//! use slatewise_features::{Batch, FeatureBatch, FeatureLayout, LabelBatch};
//! use slatewise_model::{
//!     EmbeddingConfig, Head, ModelConfig, Ranker, SharedBottomConfig, TaskShape, Trainer, TrainerConfig, TrunkConfig,
//! };
//!
//! // One dense value, one binary task: is it positive?
//! let layout = FeatureLayout { tables: vec![], fields: vec![], dense: vec!["value".into()] };
//! let task = TaskShape::of("positive", Head::binary());
//! let trunk = TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![8] });
//! let config = ModelConfig { trunk, tower: vec![], embedding: EmbeddingConfig::default(), wide: [].into() };
//!
//! let device = Device::flex();
//! let model = config.init(&layout, &[task], &mut ChaCha8Rng::seed_from_u64(1), &device)?;
//! let features = FeatureBatch { rows: 4, ids: vec![], dense: vec![-2.0, -1.0, 1.0, 2.0] };
//! let labels = LabelBatch { value: vec![0.0, 0.0, 1.0, 1.0], weight: vec![1.0; 4], slate: vec![] };
//! let batch = Batch { features, labels };
//!
//! let trainer_config = TrainerConfig { epochs: 1, learning_rate: 0.05, ..TrainerConfig::default() };
//! let mut trainer = Trainer::new(model, &trainer_config, 100, &device)?;
//! for _ in 0..100 {
//!     trainer.step(&batch)?;
//! }
//! assert!(trainer.finish_epoch()?.total < 0.2);
//!
//! let probability = Ranker::new(trainer.snapshot(), &device).binary(&batch.features)?;
//! assert!(probability[1] < 0.5 && probability[2] > 0.5);
//! # Ok::<(), slatewise_model::Error>(())
//! ```

// The autodiff graph's types nest deeper than the compiler's default allows.
#![recursion_limit = "256"]

mod backward;
mod balance;
mod batch_parts;
mod checkpoint;
mod duelling;
mod embedding;
mod epoch_losses;
mod error;
pub mod generator;
mod gradient_clip;
mod gradients;
mod head;
mod heads_config;
mod labels;
mod loss;
mod mlp;
mod model_spec;
mod multi_task;
mod optimizer;
mod prediction;
mod ranker;
mod reference;
mod safetensors;
mod schedule;
mod state_directory;
mod task_chain;
mod task_losses;
mod trainer;
mod trainer_config;
mod training_checkpoint;
mod training_directory;
mod trunk;
mod trunk_health;
mod upload;
mod weights;
mod wide;

pub use balance::{
    Balance, BalanceConfig, DwaConfig, DynamicWeightAverage, FixedWeights, GradNorm, GradNormConfig, GradientConflict,
    Gram, PairConflict, PcGrad, StepSignals, StepWeights, TaskBalance, UncertaintyConfig, UncertaintyWeights,
};
pub use checkpoint::Checkpoint;
pub use duelling::{Duelling, DuellingConfig, join_streams};
pub use embedding::{EmbeddingConfig, EmbeddingTables, HashConfig, Storage, TableConfig, TableNorms};
pub use epoch_losses::{BatchPlace, EpochLosses, TaskLoss};
pub use error::Error;
pub use gradient_clip::clip_on_device;
pub use head::{Head, OrderedAfter, TaskShape, Transform};
pub use heads_config::HeadsConfig;
pub use labels::{BinaryLabels, DeviceLabels, SlateIndex, Target, TaskLabels};
pub use loss::{
    LogProbabilities, binary_cross_entropy, focal_cross_entropy, ordering_penalty, ordinal_cross_entropy, pinball,
    slate_cross_entropy, smoothed_softmax_cross_entropy, softmax_cross_entropy, squared_error,
    watch_time_cross_entropy,
};
pub use mlp::{Mlp, MlpConfig};
pub use model_spec::{ModelConfig, ModelSpec};
pub use multi_task::{MultiTaskModel, TaskLogits, TaskRows};
pub use optimizer::{DenseOptimizer, OptimizerConfig};
pub use prediction::slate_probabilities;
pub use ranker::{Predictions, Ranker};
pub use reference::{Difference, ReferenceModel, check_reference};
pub use schedule::Schedule;
pub use state_directory::{Numbers, StateArrays, StateReader, StateWriter, save_state};
pub use trainer::Trainer;
pub use trainer_config::TrainerConfig;
pub use training_checkpoint::Resumed;
pub use training_directory::TrainingDirectory;
pub use trunk::{Aitm, AitmConfig, Independent, IndependentConfig, Mmoe, MmoeConfig, Pepnet, PepnetConfig};
pub use trunk::{Gate, Ple, PleConfig, SharedBottom, SharedBottomConfig, Trunk, TrunkConfig};
pub use trunk_health::{ExpertPair, GateHealth, TrunkHealth};
pub use upload::{DeviceFeatures, upload};
pub use weights::{NamedTensor, load_weights, save_weights};
pub use wide::WideLogits;
