//! Another implementation's weights, checked against this one: outputs, gradients, and twenty steps of each optimiser.
//!
//! ```text
//! inputs.json                          {"dense": [B][D], "sparse": [B][F], "labels": [B][T]}
//! NAME.weights.safetensors             the weights to start from, under the names of `weights.rs`
//! NAME.expected.json                   {"outputs": [B][T] logits, "loss": ..., "loss_curve_full_batch_20_steps": {"adam_lr0.01": [21], ...}}
//! NAME.grads.safetensors               ∂ loss / ∂ weight, the same names               where there
//! NAME.after20.{sgd,adam,adagrad}.safetensors   the weights after twenty steps      where there
//! ```
//!
//! The loss is the sum over tasks of the mean binary cross-entropy over the batch. Widths, tables and numbers of experts are read off
//! the tensors' names and shapes, so that checking another architecture is one line:
//! `cargo xtask check-reference DIR --model ple`. The command and the tests take their list from [`ReferenceModel::ALL`].
//!
//! A duelling network has `duel_inputs.json` instead, {"states": [B][S], "actions": [B], "targets": [B]}; its outputs are action values
//! and its loss is the mean of (Q(s, a) − target)².

use crate::error::device_error;
use crate::gradients::network_gradients;
use crate::optimizer::DenseOptimizer;
use crate::safetensors::SafetensorsFile;
use crate::weights::{load_weights, network_tensors as network_weights, read_tensors};
use crate::{
    AitmConfig, Duelling, DuellingConfig, EmbeddingConfig, Error, Head, IndependentConfig, MmoeConfig, ModelConfig,
    ModelSpec, MultiTaskModel, NamedTensor, OptimizerConfig, PleConfig, SharedBottomConfig, TaskLogits, TaskRows,
    TaskShape, Trainer, TrainerConfig, TrunkConfig, upload,
};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest allowed difference of outputs and gradients.
const ABSOLUTE: f64 = 1e-5;
/// Largest allowed relative difference of losses, and of weights after twenty steps.
const RELATIVE: f64 = 1e-4;

/// Architectures that can be read off a reference's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceModel {
    /// `bottom.layers.*`, `tower.*`.
    SharedBottom,
    /// `expert.*`, `gate.*`, `tower.*`.
    Mmoe,
    /// `level.*`, `tower.*`.
    Ple,
    /// `tower.*` on the embeddings; the second task's label follows the first's.
    Esmm,
    /// `bottom.*`, `transfer.*`, `attention.*`, `tower.*`.
    Aitm,
    /// `trunk.*`, `value.*`, `advantage.*`.
    Duelling,
}

impl ReferenceModel {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::SharedBottom, Self::Mmoe, Self::Ple, Self::Esmm, Self::Aitm, Self::Duelling];

    /// Its name on a command line, which its files begin with unless they have another.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SharedBottom => "shared_bottom",
            Self::Mmoe => "mmoe",
            Self::Ple => "ple",
            Self::Esmm => "esmm",
            Self::Aitm => "aitm",
            Self::Duelling => "duelling",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }
}

/// How far one quantity is from the reference's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What was compared.
    pub quantity: String,
    /// Values compared.
    pub values: usize,
    /// Largest difference over all of them, as a share of what is allowed there: at most 1 passes.
    pub share_of_tolerance: f64,
    /// Largest absolute difference.
    pub largest: f64,
    /// Where the largest share is.
    pub place: String,
}

impl Difference {
    /// Whether everything lies within its tolerance.
    pub fn passes(&self) -> bool {
        self.share_of_tolerance <= 1.0
    }

    fn new(quantity: impl Into<String>) -> Self {
        let (quantity, place) = (quantity.into(), String::new());
        Self { quantity, values: 0, share_of_tolerance: 0.0, largest: 0.0, place }
    }

    fn add(&mut self, found: f64, expected: f64, tolerance: f64, place: impl FnOnce() -> String) {
        self.values += 1;
        let difference = (found - expected).abs();
        self.largest = self.largest.max(difference);
        // A NaN is as far away as can be.
        let share = if difference.is_nan() { f64::INFINITY } else { difference / tolerance };
        if share > self.share_of_tolerance || self.values == 1 {
            self.share_of_tolerance = share;
            self.place = format!("{}: {found:e} against {expected:e}", place());
        }
    }
}

/// A batch as a reference has it.
#[derive(Deserialize)]
struct Inputs {
    dense: Vec<Vec<f32>>,
    sparse: Vec<Vec<u32>>,
    labels: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Expected {
    outputs: Vec<Vec<f64>>,
    #[serde(default, rename = "loss_curve_full_batch_20_steps")]
    loss_curves: BTreeMap<String, Vec<f64>>,
}

/// Compares all that the reference's directory holds; `name` is what its files begin with.
///
/// # Errors
/// A file that is missing or malformed, weights that do not make this kind of model.
pub fn check_reference(
    directory: &Path,
    name: &str,
    model: ReferenceModel,
    device: &Device,
) -> Result<Vec<Difference>, Error> {
    let files = Files { directory, name };
    if model == ReferenceModel::Duelling {
        return check(&files, || DuellingLearner::load(&files, device));
    }
    let inputs: Inputs = read_json(&directory.join("inputs.json"))?;
    check(&files, || TaskLearner::load(&files, &inputs, model, device))
}

/// The files of one reference.
struct Files<'a> {
    directory: &'a Path,
    name: &'a str,
}

impl Files<'_> {
    fn path(&self, ending: &str) -> PathBuf {
        self.directory.join(format!("{}.{ending}", self.name))
    }
}

/// What a reference's model can be asked.
trait Learner {
    /// `[B][T]`
    fn outputs(&self) -> Result<Vec<Vec<f64>>, Error>;
    fn gradients(&self) -> Result<BTreeMap<String, NamedTensor>, Error>;
    fn weights(&self) -> Result<BTreeMap<String, NamedTensor>, Error>;
    /// Gets ready for steps with an optimiser.
    fn start(&mut self, optimizer: OptimizerConfig, learning_rate: f64) -> Result<(), Error>;
    /// Takes a step and returns the loss before it.
    fn step(&mut self) -> Result<f64, Error>;
}

fn check<L: Learner>(files: &Files<'_>, load: impl Fn() -> Result<L, Error>) -> Result<Vec<Difference>, Error> {
    let expected: Expected = read_json(&files.path("expected.json"))?;
    let mut outputs = Difference::new("outputs");
    for (row, (found, expected)) in load()?.outputs()?.iter().zip(&expected.outputs).enumerate() {
        for (column, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            outputs.add(found, expected, ABSOLUTE, || format!("row {row}, output {column}"));
        }
    }
    let mut differences = vec![outputs];
    let gradients = files.path("grads.safetensors");
    if gradients.exists() {
        differences.push(tensors("gradients", &load()?.gradients()?, &read_file(&gradients)?));
    }
    for (curve, losses) in &expected.loss_curves {
        differences.extend(steps(load()?, curve, losses, files)?);
    }
    Ok(differences)
}

/// A multi-task model with its batch.
struct TaskLearner {
    model: MultiTaskModel,
    trainer: Option<Trainer>,
    batch: Batch,
    device: Device,
}

impl TaskLearner {
    /// A model of the reference's shapes with its weights.
    fn load(files: &Files<'_>, inputs: &Inputs, kind: ReferenceModel, device: &Device) -> Result<Self, Error> {
        let path = files.path("weights.safetensors");
        let file = SafetensorsFile::open(&path, None)?;
        let shapes: Shapes = file.tensors().iter().map(|(name, info)| (name.clone(), info.shape.clone())).collect();
        let spec = spec(&shapes, inputs, kind);
        let mut model = MultiTaskModel::new(spec, &mut ChaCha8Rng::seed_from_u64(0), device)?;
        model.read_weights(file, &path)?;
        Ok(Self { model, trainer: None, batch: batch(inputs), device: device.clone() })
    }
}

impl Learner for TaskLearner {
    fn outputs(&self) -> Result<Vec<Vec<f64>>, Error> {
        let (features, _) = upload(&self.batch.features, None, &self.model, &self.device)?;
        let rows = vec![TaskRows::All; self.model.spec().tasks.len()];
        let TaskLogits(logits) = self.model.forward(&features, &rows);
        let mut outputs = vec![Vec::new(); features.rows];
        for logits in logits.into_iter().flatten() {
            let data = logits.try_into_data().map_err(device_error)?;
            outputs.iter_mut().zip(data.iter::<f64>()).for_each(|(row, logit)| row.push(logit));
        }
        Ok(outputs)
    }

    fn gradients(&self) -> Result<BTreeMap<String, NamedTensor>, Error> {
        self.model.gradients(&self.batch, &self.device)
    }

    fn weights(&self) -> Result<BTreeMap<String, NamedTensor>, Error> {
        self.trainer.as_ref().map_or_else(|| self.model.weights(), |trainer| trainer.snapshot().weights())
    }

    fn start(&mut self, optimizer: OptimizerConfig, learning_rate: f64) -> Result<(), Error> {
        let config = TrainerConfig { epochs: 20, optimizer, learning_rate, ..TrainerConfig::default() };
        self.trainer = Some(Trainer::new(self.model.clone(), &config, 1, &self.device)?);
        Ok(())
    }

    fn step(&mut self) -> Result<f64, Error> {
        let Some(trainer) = &mut self.trainer else { return Ok(f64::NAN) };
        trainer.step(&self.batch)?;
        Ok(trainer.finish_epoch()?.total)
    }
}

/// A duelling network with its batch.
struct DuellingLearner {
    network: Duelling,
    optimizer: Option<(DenseOptimizer, f64, u64)>,
    inputs: DuelInputs,
    device: Device,
}

#[derive(Deserialize)]
struct DuelInputs {
    states: Vec<Vec<f32>>,
    actions: Vec<i32>,
    targets: Vec<f32>,
}

impl DuellingLearner {
    fn load(files: &Files<'_>, device: &Device) -> Result<Self, Error> {
        let inputs: DuelInputs = read_json(&files.directory.join("duel_inputs.json"))?;
        let path = files.path("weights.safetensors");
        let file = SafetensorsFile::open(&path, None)?;
        let shapes: Shapes = file.tensors().iter().map(|(name, info)| (name.clone(), info.shape.clone())).collect();
        let (mut stream, advantage) = (widths(&shapes, "value"), widths(&shapes, "advantage"));
        stream.pop();
        let actions = advantage.last().copied().unwrap_or(0);
        let config = DuellingConfig { trunk: widths(&shapes, "trunk"), stream, actions, outputs: 1 };
        let input = inputs.states.first().map_or(0, Vec::len);
        let mut network = config.init(input, &mut ChaCha8Rng::seed_from_u64(0), device);
        load_weights(&mut network, &path)?;
        Ok(Self { network, optimizer: None, inputs, device: device.clone() })
    }

    fn states(&self, device: &Device) -> Tensor<2> {
        let (rows, width) = (self.inputs.states.len(), self.inputs.states.first().map_or(0, Vec::len));
        Tensor::from_data(TensorData::new(self.inputs.states.concat(), [rows, width]), device)
    }

    /// The loss and its gradient at the present weights.
    fn backward(&self) -> Result<(f64, Duelling, GradientsParams), Error> {
        let device = self.device.clone().autodiff();
        let (rows, network) = (self.inputs.states.len(), self.network.clone().train());
        let actions = Tensor::from_data(TensorData::new(self.inputs.actions.clone(), [rows, 1]), &device);
        let targets = Tensor::from_data(TensorData::new(self.inputs.targets.clone(), [rows, 1]), &device);
        let loss = (network.forward(self.states(&device)).gather(1, actions) - targets).square().mean();
        let value = loss.clone().try_into_data().map_err(device_error)?.iter::<f64>().sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        Ok((value, network, gradients))
    }
}

impl Learner for DuellingLearner {
    fn outputs(&self) -> Result<Vec<Vec<f64>>, Error> {
        let q = self.network.forward(self.states(&self.device)).try_into_data().map_err(device_error)?;
        let values: Vec<f64> = q.iter::<f64>().collect();
        Ok(values.chunks(values.len() / self.inputs.states.len().max(1)).map(<[f64]>::to_vec).collect())
    }

    fn gradients(&self) -> Result<BTreeMap<String, NamedTensor>, Error> {
        let (_, network, gradients) = self.backward()?;
        network_gradients(network, gradients)
    }

    fn weights(&self) -> Result<BTreeMap<String, NamedTensor>, Error> {
        network_weights(&self.network)
    }

    fn start(&mut self, optimizer: OptimizerConfig, learning_rate: f64) -> Result<(), Error> {
        self.optimizer = Some((DenseOptimizer::new(optimizer, 0.0), learning_rate, 0));
        Ok(())
    }

    fn step(&mut self) -> Result<f64, Error> {
        let (loss, network, mut gradients) = self.backward()?;
        if let Some((optimizer, rate, step)) = &mut self.optimizer {
            *step += 1;
            self.network = optimizer.step(network, &mut gradients, *rate, *step).valid();
        }
        Ok(loss)
    }
}

type Shapes = BTreeMap<String, Vec<usize>>;

fn spec(shapes: &Shapes, inputs: &Inputs, kind: ReferenceModel) -> ModelSpec {
    let count = |prefix: &str| (0..).take_while(|i| starts(shapes, &format!("{prefix}.{i}."))).count();
    let widths = |prefix: &str| widths(shapes, prefix);
    let table = |index: usize| {
        let shape = shapes.get(&format!("emb.table.{index}.weight")).map_or(&[][..], Vec::as_slice);
        let side = |place: usize| shape.get(place).copied().unwrap_or(0);
        TableLayout { name: format!("field_{index}"), rows: side(0), width: side(1) }
    };
    let tables: Vec<TableLayout> = (0..count("emb.table")).map(table).collect();
    let fields = tables.iter().enumerate().map(|(table, layout)| FieldLayout { name: layout.name.clone(), table });
    let dense = inputs.dense.first().map_or(0, Vec::len);
    let layout = FeatureLayout {
        fields: fields.collect(),
        tables,
        dense: (0..dense).map(|index| format!("dense_{index}")).collect(),
    };
    let trunk = match kind {
        ReferenceModel::SharedBottom => TrunkConfig::SharedBottom(SharedBottomConfig { widths: widths("bottom") }),
        ReferenceModel::Mmoe => TrunkConfig::Mmoe(MmoeConfig { experts: count("expert"), widths: widths("expert.0") }),
        ReferenceModel::Ple => TrunkConfig::Ple(PleConfig {
            levels: count("level"),
            shared_experts: count("level.0.shared_expert"),
            task_experts: count("level.0.task_expert.0"),
            widths: widths("level.0.task_expert.0.0"),
        }),
        ReferenceModel::Esmm | ReferenceModel::Duelling => {
            TrunkConfig::Independent(IndependentConfig { widths: vec![] })
        }
        ReferenceModel::Aitm => TrunkConfig::Aitm(AitmConfig { widths: widths("bottom.0") }),
    };
    let mut tower = widths("tower.0");
    tower.pop();
    let tasks = (0..count("tower")).map(|task| {
        let after = (kind == ReferenceModel::Esmm && task > 0).then(|| format!("task_{}", task - 1));
        TaskShape { after, ..TaskShape::of(format!("task_{task}"), Head::binary()) }
    });
    let tasks = tasks.collect();
    let config = ModelConfig { trunk, tower, embedding: EmbeddingConfig::default(), wide: BTreeMap::new() };
    ModelSpec { config, layout, tasks }
}

/// Output widths of the layers under a name.
fn widths(shapes: &Shapes, prefix: &str) -> Vec<usize> {
    let layer = |layer: usize| shapes.get(&format!("{prefix}.layers.{layer}.weight"))?.first().copied();
    (0..).map_while(layer).collect()
}

fn starts(shapes: &Shapes, prefix: &str) -> bool {
    shapes.range(prefix.to_owned()..).next().is_some_and(|(name, _)| name.starts_with(prefix))
}

fn batch(inputs: &Inputs) -> Batch {
    let features =
        FeatureBatch { rows: inputs.labels.len(), ids: inputs.sparse.concat(), dense: inputs.dense.concat() };
    let value = inputs.labels.concat();
    let weight = vec![1.0; value.len()];
    Batch { features, labels: LabelBatch { value, weight, ..LabelBatch::default() } }
}

/// Twenty steps: the loss before each and after the last, and the weights at the end.
fn steps(mut learner: impl Learner, curve: &str, losses: &[f64], files: &Files<'_>) -> Result<Vec<Difference>, Error> {
    let Some((name, optimizer, learning_rate)) = optimizer(curve) else { return Ok(Vec::new()) };
    learner.start(optimizer, learning_rate)?;
    let mut difference = Difference::new(format!("losses of {curve}"));
    let mut weights = None;
    for (step, &expected) in losses.iter().enumerate() {
        if step == 20 {
            weights = Some(learner.weights()?);
        }
        let found = learner.step()?;
        difference.add(found, expected, RELATIVE * expected.abs(), || format!("step {step}"));
    }
    let mut differences = vec![difference];
    let path = files.path(&format!("after20.{name}.safetensors"));
    if let (true, Some(found)) = (path.exists(), weights) {
        let quantity = format!("weights after 20 steps of {name}");
        differences.push(tensors(&quantity, &found, &read_file(&path)?));
    }
    Ok(differences)
}

/// `adagrad_lr0.05_eps1e-10` → the optimiser's name and settings, and its rate.
fn optimizer(curve: &str) -> Option<(&str, OptimizerConfig, f64)> {
    let mut parts = curve.split('_');
    let name = parts.next()?;
    let config = match name {
        "sgd" => OptimizerConfig::Sgd,
        "adagrad" => OptimizerConfig::Adagrad { epsilon: 1e-10 },
        "adam" => OptimizerConfig::default(),
        _ => return None,
    };
    let rate = parts.find_map(|part| part.strip_prefix("lr")?.parse().ok())?;
    Some((name, config, rate))
}

fn tensors(
    quantity: &str,
    found: &BTreeMap<String, NamedTensor>,
    expected: &BTreeMap<String, NamedTensor>,
) -> Difference {
    let mut difference = Difference::new(quantity);
    for (name, expected) in expected {
        // A parameter without a gradient has one of zero.
        let zeros = vec![0.0; expected.values.len()];
        let found = found.get(name).map_or(&zeros, |tensor| &tensor.values);
        for (place, (&found, &expected)) in found.iter().zip(&expected.values).enumerate() {
            let expected = f64::from(expected);
            let tolerance = ABSOLUTE.max(RELATIVE * expected.abs());
            difference.add(f64::from(found), expected, tolerance, || format!("`{name}`, value {place}"));
        }
    }
    difference
}

fn read_file(path: &Path) -> Result<BTreeMap<String, NamedTensor>, Error> {
    read_tensors(&mut SafetensorsFile::open(path, None)?, |_| true)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Io { path: path.into(), action: "read it", source })?;
    serde_json::from_slice(&bytes).map_err(|source| Error::MalformedJson { path: path.into(), source })
}
