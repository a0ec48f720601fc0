//! `Error`: what a caller of this crate can cause, each message naming the place and the mend.

use crate::BatchPlace;
use std::path::PathBuf;

/// What can go wrong outside the arithmetic.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configured value is out of its range.
    #[error("`{key}` is {value}: {mend}")]
    InvalidConfig {
        /// The key as it stands in the configuration file.
        key: &'static str,
        /// The value found there.
        value: String,
        /// What to write instead.
        mend: &'static str,
    },
    /// Tasks cannot be built into one model.
    #[error("task `{task}`: {problem}")]
    InvalidTask {
        /// Name of the task.
        task: String,
        /// What is wrong, and the mend.
        problem: &'static str,
    },
    /// A head is declared that its task cannot have.
    #[error("`heads.{task}`: {problem}")]
    InvalidHead {
        /// Name of the entry.
        task: String,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// The encoder offers neither categorical fields nor dense values.
    #[error("the feature layout has no inputs: declare at least one feature")]
    NoFeatures,
    /// A batch has no rows.
    #[error("the batch has no rows: leave out empty batches")]
    EmptyBatch,
    /// A host array does not have the size that the layout asks for.
    #[error(
        "batch of {rows} rows: `{array}` holds {found} values, the model needs {expected}: \
         encode it with the encoder the model was trained with"
    )]
    BatchSize {
        /// Name of the array.
        array: &'static str,
        /// Rows of the batch.
        rows: usize,
        /// Values needed.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A categorical id lies outside its table.
    #[error(
        "row {row}, field `{field}`: id {id} is outside its table of {rows} rows: \
         encode it with the encoder the model was trained with"
    )]
    UnknownId {
        /// Row in the batch, from 0.
        row: usize,
        /// Name of the field.
        field: String,
        /// The id found.
        id: u32,
        /// Rows of the field's table.
        rows: usize,
    },
    /// A label that counts has a value its task cannot have, or its weight is negative or not finite.
    #[error("row {row}, task `{task}`: label {value} with weight {weight}: {mend}")]
    InvalidLabel {
        /// Row in the batch, from 0.
        row: usize,
        /// Name of the task.
        task: String,
        /// The label found.
        value: f32,
        /// Its weight.
        weight: f32,
        /// What is allowed.
        mend: &'static str,
    },
    /// Rows that were shown together do not make a slate.
    #[error("row {row}, slate {slate}: {problem}")]
    InvalidSlate {
        /// Row in the batch, from 0.
        row: usize,
        /// The slate's id.
        slate: u32,
        /// What is wrong, and the mend.
        problem: &'static str,
    },
    /// A loss became NaN or infinite.
    #[error(
        "the loss of task `{task}` is {value}: lower `trainer.learning_rate`, set `trainer.gradient_clip_norm`, \
         or mend the features and labels of that batch"
    )]
    NonFiniteLoss {
        /// Name of the task.
        task: String,
        /// The loss found.
        value: f32,
    },
    /// A task's mean loss on a batch is above the limit that was set.
    #[error(
        "the loss of task `{task}` is {value}, above `trainer.max_loss` = {max_loss}: lower `trainer.learning_rate`, \
         set `trainer.gradient_clip_norm`, or look at the labels of that batch; raise the limit where such a loss is usual"
    )]
    LossTooLarge {
        /// Name of the task.
        task: String,
        /// The loss found.
        value: f32,
        /// The limit.
        max_loss: f64,
    },
    /// The gradient of losses that are finite is not, or is too large for its norm to be a number.
    #[error(
        "the gradient{} is not finite: lower `trainer.learning_rate`, \
         or look at the features and labels of that batch for values far larger than the others",
        of_task(task)
    )]
    NonFiniteGradient {
        /// Name of the task that it comes from; `None` where that is not one task.
        task: Option<String>,
    },
    /// A balancing was told a loss or a gradient that is not finite.
    #[error("task {task}, counted from 0: its {quantity} is not finite: lower `trainer.learning_rate`")]
    NonFiniteSignal {
        /// Position of the task, from 0.
        task: usize,
        /// "loss" or "gradient".
        quantity: &'static str,
    },
    /// A batch that a training could not take.
    #[error("{place}: {source}")]
    AtBatch {
        /// Which one.
        place: BatchPlace,
        /// What was wrong with it, or with the model by then.
        source: Box<Self>,
    },
    /// There is no task of this name and kind.
    #[error("there is no {kind} task `{task}`: the model has {known}")]
    UnknownTask {
        /// The name asked for.
        task: String,
        /// What was asked for, such as "binary" or "choice".
        kind: &'static str,
        /// Names of the tasks of that kind, comma-separated.
        known: String,
    },
    /// The device failed to run or to return a result.
    #[error("the device failed: {reason}: try `--device cpu`")]
    Device {
        /// What the backend says.
        reason: String,
    },
    /// A file or directory could not be read or written.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// An artefact could not be written.
    #[error(transparent)]
    Artefact(#[from] slatewise_data::Error),
    /// A checkpoint would replace an existing one.
    #[error("{}: exists already: choose another directory or remove it", path.display())]
    CheckpointExists {
        /// The directory.
        path: PathBuf,
    },
    /// A file of a checkpoint is not the JSON document it should be.
    #[error("{}: line {}, column {}: {source}: the checkpoint is damaged, save it again", path.display(), source.line(), source.column())]
    MalformedJson {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The directory holds another format, or a version this program does not know.
    #[error("{}: format `{found}`, this program reads `{expected}`: use the program that wrote it", path.display())]
    UnknownFormat {
        /// The manifest.
        path: PathBuf,
        /// Format and version found.
        found: String,
        /// Format and version that can be read.
        expected: String,
    },
    /// A file is not the TOML that belongs there.
    #[error("{}: {reason}", path.display())]
    MalformedToml {
        /// The file.
        path: PathBuf,
        /// What the parser says, in one line.
        reason: String,
    },
    /// Another process trains into the directory.
    #[error("{}: another training writes here: wait for it to end, or choose another directory", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A directory holds no checkpoint that can be loaded.
    #[error("{}: no checkpoint that can be loaded{}", path.display(), because(reason))]
    NoCheckpoint {
        /// The directory.
        path: PathBuf,
        /// Why the newest one cannot be; empty where there is none.
        reason: String,
    },
    /// A file's content is not what the manifest says.
    #[error("{}: SHA-256 is {found}, the manifest says {expected}: the file is damaged, copy or save it again", path.display())]
    HashMismatch {
        /// The file.
        path: PathBuf,
        /// The hash in the manifest; "no hash" where the manifest lacks one.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// A weights file is not sound, or does not fit the model.
    #[error("{}: {}{problem}", path.display(), of_tensor(tensor))]
    WeightsMismatch {
        /// The file.
        path: PathBuf,
        /// Name of the tensor in the file; empty where the file as a whole cannot be read.
        tensor: String,
        /// What is wrong: expected and found shape, "missing", "not part of the model", or what the file as a whole has.
        problem: String,
    },
}

impl Error {
    /// The same error with the batch at which it came up, unless it names one already.
    pub(crate) fn at(self, place: BatchPlace) -> Self {
        match self {
            Self::AtBatch { .. } => self,
            error => Self::AtBatch { place, source: Box::new(error) },
        }
    }
}

/// A device error in one line.
pub(crate) fn device_error(reason: impl std::fmt::Display) -> Error {
    let reason = reason.to_string();
    Error::Device { reason: reason.split_whitespace().collect::<Vec<_>>().join(" ") }
}

fn of_tensor(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("tensor `{name}`: ") }
}

fn of_task(task: &Option<String>) -> String {
    task.as_ref().map_or_else(String::new, |task| format!(" of task `{task}`"))
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
