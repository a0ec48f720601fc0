//! PEPNet: gates that know the surface scale the input, gates that know user and item scale every task's layers.
//!
//! ```text
//! gate unit   δ(u) = γ σ(ReLU(u W + b) W' + b')             between 0 and γ = 2, about 1 at first
//! EPNet       o    = δ_domain(x_domain ⊕ ⊘x) ⊗ x            [B, input], one for all tasks
//! PPNet       δˡ   = δ_personal,l(x_personal ⊕ ⊘o)          [B, T · widths[l]], a share for each task
//!             hₖˡ  = δₖˡ ⊗ ReLU(hₖˡ⁻¹ Wₖˡ + bₖˡ)            [B, widths[l]], hₖ⁰ = o
//! ```
//!
//! ⊕ puts side by side, ⊗ multiplies element by element, ⊘ lets no gradient through.
//!
//! | symbol | here |
//! |---|---|
//! | x_domain, x_personal | columns of the fields named in `domain` and `personal` |
//! | U_ep | `domain_gate` |
//! | U_pp of layer l | `personal_gate[l]` |
//! | W, b of task k | `bottom[k].layers[l]` |
//!
//! This is how one trunk serves several surfaces (goods, posts, advertisements): name the field that tells them apart in
//! `domain`, and rows of all surfaces train the same tables and layers, each surface with its own scale.
//!
//! ⊘ keeps the gates from bending what they are to scale. The named fields' own columns do learn through their gate.
//!
//! Differences from the paper: 1. the domain's and the personal features are embedded once and stand in x as well, where
//! the paper embeds them apart; 2. the hidden layer of a gate unit is as wide as what it scales for one task, which the
//! paper leaves open; 3. the last layer, from hₖᴸ to logits, is the head's and has no gate.
//!
//! # Reference
//! Chang, Zhang, Hui, Leng, Niu, Song, Gai 2023, "PEPNet: Parameter and Embedding Personalized Network for Infusing with
//! Personalized Prior Information", KDD.

use super::field_columns::{FieldColumns, unknown_fields};
use super::validate_widths;
use crate::{Error, Mlp, MlpConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_features::FeatureLayout;

/// γ, the largest value of a gate; 2 in the paper, so that a gate of 0 logits changes nothing.
const LARGEST: f32 = 2.0;

/// Shape of a [`Pepnet`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PepnetConfig {
    /// Categorical fields that tell the surfaces apart, at least one.
    pub domain: Vec<String>,
    /// Categorical fields that tell users and items apart, at least one.
    pub personal: Vec<String>,
    /// Output width of each layer of a task's network; the last one is the width of the representation.
    pub widths: Vec<usize>,
}

/// A gated input, and a network per task with gated layers.
#[derive(Module, Debug)]
pub struct Pepnet {
    domain_gate: Mlp,
    personal_gate: Vec<Mlp>,
    bottom: Vec<Mlp>,
    #[module(skip)]
    domain: FieldColumns,
    #[module(skip)]
    personal: FieldColumns,
}

impl PepnetConfig {
    /// Draws the weights for the input of `layout` and `tasks` tasks: gates, then the tasks' networks.
    pub fn init(&self, layout: &FeatureLayout, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Pepnet {
        let input = layout.input_width();
        let (domain, personal) = (FieldColumns::new(layout, &self.domain), FieldColumns::new(layout, &self.personal));
        let domain_gate = MlpConfig::new([input, input]).init(domain.width() + input, rng, device);
        let widths = self.widths.iter();
        let gate =
            widths.map(|&width| MlpConfig::new([width, tasks * width]).init(personal.width() + input, rng, device));
        let personal_gate = gate.collect();
        let bottom = MlpConfig::new(self.widths.clone());
        let bottom = (0..tasks).map(|_| bottom.init(input, rng, device)).collect();
        Pepnet { domain_gate, personal_gate, bottom, domain, personal }
    }

    pub(super) fn validate(&self, layout: &FeatureLayout) -> Result<(), Error> {
        let mend = "name the categorical fields that tell the surfaces apart, declared under [[features.categorical]]";
        validate_fields("model.trunk.domain", &self.domain, layout, mend)?;
        let mend = "name categorical fields of user and item, declared under [[features.categorical]]";
        validate_fields("model.trunk.personal", &self.personal, layout, mend)?;
        validate_widths(&self.widths)
    }
}

fn validate_fields(
    key: &'static str,
    names: &[String],
    layout: &FeatureLayout,
    mend: &'static str,
) -> Result<(), Error> {
    if names.is_empty() || !unknown_fields(layout, names).is_empty() {
        return Err(Error::InvalidConfig { key, value: format!("{names:?}"), mend });
    }
    Ok(())
}

impl Pepnet {
    /// The gated network of each task.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, hidden]`
    pub fn forward(&self, x: &Tensor<2>) -> Vec<Tensor<2>> {
        let scaled = x.clone() * self.for_surface(x);
        let prior = self.prior(x, &scaled);
        let mut hidden = vec![scaled; self.bottom.len()];
        for (layer, gate) in self.personal_gate.iter().enumerate() {
            let for_person = gate_unit(gate, prior.clone());
            for (task, hidden) in hidden.iter_mut().enumerate() {
                let output = activation::relu(self.bottom[task].layers()[layer].forward(hidden.clone()));
                let width = output.dims()[1];
                *hidden = output * for_person.clone().narrow(1, task * width, width);
            }
        }
        hidden
    }

    /// δ_domain `[B, input]`.
    fn for_surface(&self, x: &Tensor<2>) -> Tensor<2> {
        gate_unit(&self.domain_gate, self.domain.beside(x, x.clone().detach()))
    }

    /// What the personal gates are told, `[B, personal + input]`.
    fn prior(&self, x: &Tensor<2>, scaled: &Tensor<2>) -> Tensor<2> {
        self.personal.beside(x, scaled.clone().detach())
    }
}

/// δ: two layers and a sigmoid, times γ.
fn gate_unit(gate: &Mlp, prior: Tensor<2>) -> Tensor<2> {
    activation::sigmoid(gate.forward(prior)) * LARGEST
}

#[cfg(test)]
mod tests {
    use super::super::on_host::{assert_close, linear, relu, values};
    use super::*;
    use rand::SeedableRng;
    use slatewise_features::{FieldLayout, TableLayout};

    /// x = item (2), user (1), surface (1), price: 5 columns.
    fn layout() -> FeatureLayout {
        let table = |name: &str, width| TableLayout { name: name.into(), rows: 3, width };
        let field = |name: &str, table| FieldLayout { name: name.into(), table };
        FeatureLayout {
            tables: vec![table("item", 2), table("other", 1)],
            fields: vec![field("item", 0), field("user", 1), field("surface", 1)],
            dense: vec!["price".into()],
        }
    }

    fn config() -> PepnetConfig {
        PepnetConfig {
            domain: vec!["surface".into()],
            personal: vec!["user".into(), "item".into()],
            widths: vec![8, 6],
        }
    }

    const X: [[f32; 5]; 2] = [[0.5, -1.0, 2.0, 0.25, 1.0], [1.5, 0.7, -0.3, -2.0, 0.4]];

    fn pepnet() -> Pepnet {
        config().init(&layout(), 2, &mut ChaCha8Rng::seed_from_u64(6), &Device::flex())
    }

    #[test]
    fn forward_equals_the_equations_written_out() {
        let pepnet = pepnet();
        let found: Vec<Vec<f64>> =
            pepnet.forward(&Tensor::from_data(X, &Device::flex())).into_iter().map(values).collect();
        let gate = |unit: &Mlp, x: &[f64]| -> Vec<f64> {
            let logits = linear(&unit.layers()[1], &relu(&linear(&unit.layers()[0], x)));
            logits.iter().map(|logit| 2.0 / (1.0 + (-logit).exp())).collect()
        };
        let times = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).collect::<Vec<f64>>();
        for (row, x) in X.iter().enumerate() {
            let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            let scaled = times(&x, &gate(&pepnet.domain_gate, &[&x[3..4], &x].concat()));
            let prior = [&x[2..3], &x[0..2], &scaled].concat();
            for (task, found) in found.iter().enumerate() {
                let mut hidden = scaled.clone();
                for (layer, width) in [8, 6].into_iter().enumerate() {
                    let share = gate(&pepnet.personal_gate[layer], &prior)[task * width..][..width].to_vec();
                    hidden = times(&relu(&linear(&pepnet.bottom[task].layers()[layer], &hidden)), &share);
                }
                assert_close(&found[row * 6..][..6], &hidden);
            }
        }
    }

    /// Only the named fields' columns learn through a gate: surface is column 3, user and item are columns 0 to 2.
    #[test]
    fn a_gate_sends_no_gradient_into_what_it_scales() {
        let device = Device::flex().autodiff();
        let pepnet = pepnet().train();
        let moved = |output: &dyn Fn(&Tensor<2>) -> Tensor<2>| {
            let x = Tensor::<2>::from_data(X, &device).require_grad();
            let gradients = output(&x).sum().backward();
            let gradient = x.grad(&gradients).map(values).unwrap_or_default();
            gradient.iter().map(|value| *value != 0.0).collect::<Vec<bool>>()
        };
        assert_eq!(moved(&|x| pepnet.for_surface(x)), [false, false, false, true, false].repeat(2));
        assert_eq!(moved(&|x| pepnet.prior(x, &(x.clone() * 3.0))), [true, true, true, false, false].repeat(2));
    }

    #[test]
    fn an_unknown_field_is_named_with_its_key() {
        let message = |change: fn(&mut PepnetConfig)| {
            let mut config = config();
            change(&mut config);
            config.validate(&layout()).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(message(|_| ()), "");
        let unknown = message(|config| config.domain = vec!["page".into()]);
        assert!(unknown.starts_with("`model.trunk.domain` is [\"page\"]: name the categorical fields"), "{unknown}");
        assert!(message(|config| config.personal = vec!["price".into()]).starts_with("`model.trunk.personal` is"));
        assert!(message(|config| config.domain.clear()).starts_with("`model.trunk.domain` is []"));
        assert!(message(|config| config.widths.clear()).starts_with("`model.trunk.widths` is []"));
    }
}
