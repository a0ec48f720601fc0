//! `Trunk`: the part of the model that all tasks share, from the input to one representation per task.
//!
//! ```text
//! x [B, input] ──► trunk ──► h₁ [B, hidden]  ──► tower of task 1
//!                       └──► h₂ [B, hidden]  ──► tower of task 2   ...
//! ```
//!
//! A trunk is a file of this folder: its config with `init`, its module with `forward`. To add one, write the file, add
//! its variant to [`TrunkConfig`] and [`Trunk`] and the arms that go with it below, and add it to `trunks()` in
//! `tests/model/fixture.rs`, so that it passes the conformance suite. Its page is `docs/algorithms/<name>.md`.

mod aitm;
mod field_columns;
mod gate;
mod mmoe;
#[cfg(test)]
mod on_host;
mod pepnet;
mod ple;
mod shared_bottom;
mod single;

pub use aitm::{Aitm, AitmConfig};
pub use gate::Gate;
pub use mmoe::{Mmoe, MmoeConfig};
pub use pepnet::{Pepnet, PepnetConfig};
pub use ple::{Ple, PleConfig};
pub use shared_bottom::{SharedBottom, SharedBottomConfig};
pub use single::{Independent, IndependentConfig};

use crate::Error;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_features::FeatureLayout;

/// Which trunk, and its widths: `trunk = { kind = "mmoe", experts = 4, widths = [128, 64] }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrunkConfig {
    /// One network for all tasks.
    SharedBottom(SharedBottomConfig),
    /// Several networks, mixed by one gate per task.
    Mmoe(MmoeConfig),
    /// One network per task.
    Independent(IndependentConfig),
    /// Networks of a task beside networks of all, mixed level upon level.
    Ple(PleConfig),
    /// One network per task, each taking from the task before.
    Aitm(AitmConfig),
    /// One network per task, scaled by gates that know surface, user and item.
    Pepnet(PepnetConfig),
}

/// A trunk with its weights.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "one per model; a box would only add an indirection")]
pub enum Trunk {
    /// One network for all tasks.
    SharedBottom(SharedBottom),
    /// Several networks, mixed by one gate per task.
    Mmoe(Mmoe),
    /// One network per task.
    Independent(Independent),
    /// Networks of a task beside networks of all, mixed level upon level.
    Ple(Ple),
    /// One network per task, each taking from the task before.
    Aitm(Aitm),
    /// One network per task, scaled by gates that know surface, user and item.
    Pepnet(Pepnet),
}

impl TrunkConfig {
    /// Draws the weights for the input of `layout` and `tasks` tasks, in a config that was [validated](Self::validate).
    pub fn init(&self, layout: &FeatureLayout, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Trunk {
        let input = layout.input_width();
        match self {
            Self::SharedBottom(config) => Trunk::SharedBottom(config.init(input, tasks, rng, device)),
            Self::Mmoe(config) => Trunk::Mmoe(config.init(input, tasks, rng, device)),
            Self::Independent(config) => Trunk::Independent(config.init(input, tasks, rng, device)),
            Self::Ple(config) => Trunk::Ple(config.init(input, tasks, rng, device)),
            Self::Aitm(config) => Trunk::Aitm(config.init(input, tasks, rng, device)),
            Self::Pepnet(config) => Trunk::Pepnet(config.init(layout, tasks, rng, device)),
        }
    }

    /// Width of the representations, of an input of `input` values.
    pub fn output(&self, input: usize) -> usize {
        let widths = match self {
            Self::SharedBottom(config) => &config.widths,
            Self::Mmoe(config) => &config.widths,
            Self::Independent(config) => &config.widths,
            Self::Ple(config) => &config.widths,
            Self::Aitm(config) => &config.widths,
            Self::Pepnet(config) => &config.widths,
        };
        widths.last().copied().unwrap_or(input)
    }

    /// Checks widths and counts, and that the fields named are fields of `layout`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the key.
    pub fn validate(&self, layout: &FeatureLayout) -> Result<(), Error> {
        match self {
            Self::SharedBottom(config) => config.validate(),
            Self::Mmoe(config) => config.validate(),
            Self::Independent(config) => config.validate(),
            Self::Ple(config) => config.validate(),
            Self::Aitm(config) => config.validate(),
            Self::Pepnet(config) => config.validate(layout),
        }
    }
}

impl Trunk {
    /// One representation per task, in task order.
    ///
    /// # Shapes
    /// - x: `[B, input]`: the fields' embeddings in field order, then the dense values
    /// - output: per task `[B, hidden]`
    pub fn forward(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        match self {
            Self::SharedBottom(trunk) => trunk.forward(x),
            Self::Mmoe(trunk) => trunk.forward(x),
            Self::Independent(trunk) => trunk.forward(&x),
            Self::Ple(trunk) => trunk.forward(x),
            Self::Aitm(trunk) => trunk.forward(&x),
            Self::Pepnet(trunk) => trunk.forward(&x),
        }
    }

    /// The gates that mix experts, with their weights on `x` `[B, input]`; none where nothing is mixed.
    pub fn gates(&self, x: Tensor<2>) -> Vec<Gate> {
        match self {
            Self::SharedBottom(_) | Self::Independent(_) | Self::Pepnet(_) => Vec::new(),
            Self::Mmoe(trunk) => trunk.named_gates(x),
            Self::Ple(trunk) => trunk.gates(x),
            Self::Aitm(trunk) => trunk.gates(&x),
        }
    }

    /// What the gates mix: each expert's name and its output `[B, hidden]` on `x` `[B, input]`.
    pub fn experts(&self, x: Tensor<2>) -> Vec<(String, Tensor<2>)> {
        match self {
            Self::SharedBottom(_) | Self::Independent(_) | Self::Pepnet(_) => Vec::new(),
            Self::Mmoe(trunk) => trunk.named_experts(&x),
            Self::Ple(trunk) => trunk.experts(x),
            Self::Aitm(trunk) => trunk.experts(&x),
        }
    }
}

/// Widths of a trunk's layers: at least one, none of them zero.
fn validate_widths(widths: &[usize]) -> Result<(), Error> {
    if widths.is_empty() || widths.contains(&0) {
        let mend = "give one or more positive layer widths, such as [128, 64]";
        return Err(Error::InvalidConfig { key: "model.trunk.widths", value: format!("{widths:?}"), mend });
    }
    Ok(())
}

fn validate_count(key: &'static str, count: usize, mend: &'static str) -> Result<(), Error> {
    if count == 0 { Err(Error::InvalidConfig { key, value: "0".into(), mend }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::network_tensors;
    use rand::SeedableRng;
    use slatewise_features::{FieldLayout, TableLayout};

    fn parse(text: &str) -> Result<TrunkConfig, String> {
        let config: TrunkConfig = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let layout = FeatureLayout { tables: vec![], fields: vec![], dense: vec!["price".into()] };
        config.validate(&layout).map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn every_kind_is_known_by_its_name() {
        let width = |text: &str| parse(text).map(|config| config.output(9));
        assert_eq!(width(r#"{"kind": "shared_bottom", "widths": [8, 4]}"#), Ok(4));
        assert_eq!(width(r#"{"kind": "mmoe", "experts": 2, "widths": [8, 4]}"#), Ok(4));
        assert_eq!(width(r#"{"kind": "independent", "widths": [8, 4]}"#), Ok(4));
        assert_eq!(width(r#"{"kind": "independent"}"#), Ok(9), "no layers: the input itself");
        let ple = r#"{"kind": "ple", "levels": 2, "shared_experts": 1, "task_experts": 1, "widths": [8, 4]}"#;
        assert_eq!(width(ple), Ok(4));
        assert_eq!(width(r#"{"kind": "aitm", "widths": [8, 4]}"#), Ok(4));
        let pepnet = r#"{"kind": "pepnet", "domain": ["surface"], "personal": ["user"], "widths": [4]}"#;
        assert!(parse(pepnet).is_err_and(|message| message.starts_with("`model.trunk.domain` is [\"surface\"]")));
    }

    /// The names and shapes under which PyTorch finds the weights: `[out, in]`.
    #[test]
    fn weights_have_stable_names() -> Result<(), Box<dyn std::error::Error>> {
        let layout = FeatureLayout {
            tables: vec![TableLayout { name: "surface".into(), rows: 3, width: 2 }],
            fields: vec![FieldLayout { name: "surface".into(), table: 0 }],
            dense: vec!["price".into()],
        };
        let names = |config: TrunkConfig| -> Result<String, Box<dyn std::error::Error>> {
            let trunk = config.init(&layout, 2, &mut ChaCha8Rng::seed_from_u64(1), &Device::flex());
            let tensors = network_tensors(&trunk)?;
            let weights = tensors.iter().filter(|(name, _)| name.ends_with("weight"));
            let shape = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            let named = weights.map(|(name, tensor)| format!("{name}[{}]", shape(&tensor.shape)));
            Ok(named.collect::<Vec<_>>().join(" "))
        };
        let surface = vec!["surface".to_owned()];
        let ple = PleConfig { levels: 2, shared_experts: 1, task_experts: 2, widths: vec![4] };
        let pepnet = PepnetConfig { domain: surface.clone(), personal: surface, widths: vec![4] };
        assert_eq!(
            names(TrunkConfig::Independent(IndependentConfig { widths: vec![4] }))?,
            "bottom.0.layers.0.weight[4,3] bottom.1.layers.0.weight[4,3]"
        );
        let found = names(TrunkConfig::Ple(ple))?;
        let expected = "level.0.shared_expert.0.layers.0.weight[4,3] level.0.shared_gate.weight[5,3] \
            level.0.task_expert.0.0.layers.0.weight[4,3] level.0.task_expert.0.1.layers.0.weight[4,3] \
            level.0.task_expert.1.0.layers.0.weight[4,3] level.0.task_expert.1.1.layers.0.weight[4,3] \
            level.0.task_gate.0.weight[3,3] level.0.task_gate.1.weight[3,3] \
            level.1.shared_expert.0.layers.0.weight[4,4] level.1.task_expert.0.0.layers.0.weight[4,4]";
        assert!(found.starts_with(expected), "{found}");
        assert!(found.ends_with("level.1.task_gate.0.weight[3,4] level.1.task_gate.1.weight[3,4]"), "{found}");
        assert_eq!(
            names(TrunkConfig::Aitm(AitmConfig { widths: vec![4] }))?,
            "attention.key.weight[4,4] attention.query.weight[4,4] attention.value.weight[4,4] \
             bottom.0.layers.0.weight[4,3] bottom.1.layers.0.weight[4,3] transfer.0.layers.0.weight[4,4]"
        );
        assert_eq!(
            names(TrunkConfig::Pepnet(pepnet))?,
            "bottom.0.layers.0.weight[4,3] bottom.1.layers.0.weight[4,3] \
             domain_gate.layers.0.weight[3,5] domain_gate.layers.1.weight[3,3] \
             personal_gate.0.layers.0.weight[4,5] personal_gate.0.layers.1.weight[8,4]"
        );
        Ok(())
    }

    #[test]
    fn every_fault_is_named() {
        let message = |text: &str| parse(text).err().unwrap_or_default();
        let ple = |levels, shared, own| {
            let counts = format!("\"levels\": {levels}, \"shared_experts\": {shared}, \"task_experts\": {own}");
            message(&format!("{{\"kind\": \"ple\", {counts}, \"widths\": [4]}}"))
        };
        assert_eq!(ple(1, 1, 1), "");
        assert!(ple(0, 1, 1).starts_with("`model.trunk.levels` is 0: give at least one level"));
        assert!(ple(1, 0, 1).starts_with("`model.trunk.shared_experts` is 0"));
        assert!(ple(1, 1, 0).starts_with("`model.trunk.task_experts` is 0"));
        for kind in ["shared_bottom", "aitm"] {
            let widths = message(&format!("{{\"kind\": \"{kind}\", \"widths\": []}}"));
            assert!(widths.starts_with("`model.trunk.widths` is []: give one or more"), "{kind}: {widths}");
        }
        assert!(message(r#"{"kind": "independent", "widths": [8, 0]}"#).starts_with("`model.trunk.widths` is [8, 0]"));
        assert!(message(r#"{"kind": "aitm", "widths": [8], "experts": 2}"#).contains("unknown field `experts`"));
    }
}
