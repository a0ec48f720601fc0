//! A head: the tower of one task, from the trunk's representation to the task's logits, and what they mean.
//!
//! ```text
//! hₖ [B, hidden] ──► tower MLP ──► z [B, 1]     binary       P(label = 1) = σ(z), times P(the task before) with `after`
//!                              ├─► z [R, 1]     regression   mean or quantile of the label
//!                              ├─► z [R, 1]     watch_time   seconds = exp(z), the odds
//!                              ├─► s + b [R, L-1] ordinal    P(label > k) = σ(s + bₖ)
//!                              ├─► z [R, C]     multi_class  P(class c) = softmax(z)_c
//!                              ├─► z [R, items] choice       P(item i) = softmax(z)_i over the whole catalogue
//!                              └─► z [R, 1]     slate        P(row) = softmax of z over the rows shown together
//! ```
//!
//! R are the rows whose label counts. In a configuration or a manifest a head is a table with its `kind`:
//!
//! ```
//! use slatewise_data::{Label, Mask, TaskSpec};
//! use slatewise_model::{Head, TaskShape};
//!
//! let next_item = TaskSpec::new("next_item", Label::NextItem, Mask::ClickedAndContinues);
//! let shape = TaskShape::new(&next_item, 217);
//! assert_eq!((shape.head, shape.classes()), (Head::Choice { items: 217 }, 217));
//!
//! let rating: Head = serde_json::from_str(r#"{ "kind": "ordinal", "levels": 5 }"#)?;
//! assert_eq!(TaskShape::of("rating", rating).classes(), 4, "one logit per step between two levels");
//! # Ok::<(), serde_json::Error>(())
//! ```

use crate::loss::initial_thresholds;
use crate::{Error, Mlp, MlpConfig};
use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_data::{TaskKind, TaskSpec};

/// Form of a task's label, its loss and its prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Head {
    /// Label 0 or 1, cross-entropy; predicts a probability.
    Binary {
        /// ε in [0, 1): the label is drawn towards 1/2, y(1 - ε) + ε/2 (Szegedy et al. 2016).
        #[serde(default)]
        label_smoothing: f32,
        /// γ ≥ 0 of the focal loss (Lin et al. 2017), 2 there; none by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        focal_gamma: Option<f32>,
    },
    /// Label any finite number; predicts the mean, or a quantile, in the label's unit.
    Regression {
        /// What the network learns instead of the label itself.
        #[serde(default)]
        transform: Transform,
        /// τ in (0, 1): the pinball loss learns this quantile; the squared error by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quantile: Option<f64>,
    },
    /// Label in seconds ≥ 0, 0 where not watched; predicts seconds (Covington et al. 2016).
    WatchTime {
        /// Whether a watched row counts once as unwatched too: the odds are then the mean watch time exactly, also where
        /// most rows are watched. Off in the paper.
        #[serde(default)]
        exact: bool,
    },
    /// Label a level 0..levels in order; predicts the expected level and each level's probability (Cao et al. 2020).
    Ordinal {
        /// Number of levels, at least 2.
        levels: usize,
    },
    /// Label a class 0..classes without order; predicts each class's probability.
    MultiClass {
        /// Number of classes, at least 2.
        classes: usize,
        /// ε in [0, 1): this share of the label is spread evenly over the classes (Szegedy et al. 2016).
        #[serde(default)]
        label_smoothing: f32,
    },
    /// Label an item of the catalogue; predicts each item's log-probability.
    Choice {
        /// Number of items, at least 2.
        items: usize,
    },
    /// Label 1 on the row chosen among those shown together, 0 on the others; predicts a row's score.
    Slate {},
}

/// What a regression learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The label itself.
    #[default]
    Identity,
    /// ln(1 + label), for labels ≥ 0 with a long tail. Predictions come back as exp(z) - 1: a quantile stays the quantile,
    /// a mean of logarithms becomes less than the mean.
    Log1p,
}

/// What the model must know of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskShape {
    /// Name, unique in a model.
    pub name: String,
    /// Form of label, loss and prediction.
    pub head: Head,
    /// Weight of the task's loss in the sum, ≥ 0.
    pub loss_weight: f32,
    /// The binary task that has to happen first: this one's probability is then σ(z) times that one's, and its label is
    /// defined on every row (ESMM, Ma et al. 2018).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// A binary task whose probability this one's should not exceed (AITM, Xi et al. 2021).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_after: Option<OrderedAfter>,
}

/// A soft order between two binary tasks: weight · max(P(this) - P(task), 0) is added to this task's loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderedAfter {
    /// Name of the task that is more likely.
    pub task: String,
    /// Weight of the penalty beside the cross-entropy, ≥ 0; 0.6 in the paper.
    pub weight: f32,
}

impl Head {
    /// A binary head with the plain cross-entropy.
    pub const fn binary() -> Self {
        Self::Binary { label_smoothing: 0.0, focal_gamma: None }
    }

    /// Number of logits per row.
    pub const fn logits(&self) -> usize {
        match *self {
            Self::Binary { .. } | Self::Regression { .. } | Self::WatchTime { .. } | Self::Slate {} => 1,
            Self::Ordinal { levels } => levels.saturating_sub(1),
            Self::MultiClass { classes, .. } => classes,
            Self::Choice { items } => items,
        }
    }

    /// Width of what the tower's last layer and a wide part give: the logits, but one score for all steps of an ordinal.
    pub(crate) const fn scores(&self) -> usize {
        if matches!(self, Self::Ordinal { .. }) { 1 } else { self.logits() }
    }

    /// Whether the prediction is one number per row other than a probability.
    pub const fn has_value(&self) -> bool {
        matches!(self, Self::Regression { .. } | Self::WatchTime { .. } | Self::Ordinal { .. } | Self::Slate {})
    }

    /// Whether the prediction is a probability for each of a few classes or levels.
    pub const fn has_probabilities(&self) -> bool {
        matches!(self, Self::Ordinal { .. } | Self::MultiClass { .. })
    }

    /// What is wrong with the options, and the mend.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let share = |smoothing: f32| (0.0..1.0).contains(&smoothing);
        match *self {
            Self::Binary { label_smoothing, .. } | Self::MultiClass { label_smoothing, .. }
                if !share(label_smoothing) =>
            {
                Some("`label_smoothing` must be at least 0 and below 1")
            }
            Self::Binary { focal_gamma: Some(gamma), .. } if !(gamma.is_finite() && gamma >= 0.0) => {
                Some("`focal_gamma` must be a finite number of at least 0, such as 2")
            }
            Self::Regression { quantile: Some(quantile), .. } if !(quantile > 0.0 && quantile < 1.0) => {
                Some("`quantile` must be above 0 and below 1, such as 0.5")
            }
            Self::Ordinal { levels: 0 | 1 } => Some("an ordinal task needs at least 2 levels"),
            Self::MultiClass { classes: 0 | 1, .. } => Some("a multi-class task needs at least 2 classes"),
            Self::Choice { items: 0 | 1 } => Some("a choice needs at least 2 items: check the catalogue"),
            _ => None,
        }
    }
}

impl TaskShape {
    /// The shape of a declared task over a catalogue of `items` items.
    pub fn new(task: &TaskSpec, items: usize) -> Self {
        let head = match task.kind() {
            TaskKind::Binary => Head::binary(),
            TaskKind::Choice => Head::Choice { items },
        };
        Self { loss_weight: task.loss_weight, ..Self::of(task.name.clone(), head) }
    }

    /// A task of this name and head, loss weight 1, after no other.
    pub fn of(name: impl Into<String>, head: Head) -> Self {
        Self { name: name.into(), head, loss_weight: 1.0, after: None, ordered_after: None }
    }

    /// The same task, its label that of the whole way: this one happens only where `task` happened.
    #[must_use]
    pub fn with_after(mut self, task: impl Into<String>) -> Self {
        self.after = Some(task.into());
        self
    }

    /// Number of logits per row.
    pub fn classes(&self) -> usize {
        self.head.logits()
    }

    /// Whether the loss is the cross-entropy of the task's own logit and nothing else.
    pub(crate) fn is_plain_binary(&self) -> bool {
        self.head == Head::binary() && self.after.is_none() && self.ordered_after.is_none()
    }

    /// Checks what can be checked without the other tasks.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let finite = |weight: f32| weight.is_finite() && weight >= 0.0;
        let related = self.after.is_some() || self.ordered_after.is_some();
        let problem = match self.head.problem() {
            Some(problem) => problem,
            None if !finite(self.loss_weight) => "`loss_weight` must be a finite number of at least 0",
            None if related && !matches!(self.head, Head::Binary { .. }) => {
                "`after` and `ordered_after` are for binary tasks: remove them"
            }
            None if self.ordered_after.as_ref().is_some_and(|order| !finite(order.weight)) => {
                "`ordered_after.weight` must be a finite number of at least 0"
            }
            None => return Ok(()),
        };
        Err(Error::InvalidTask { task: self.name.clone(), problem })
    }

    /// Draws the tower: hidden layers of the given widths with ReLU, then a linear layer to the logits.
    pub(crate) fn tower(&self, hidden: &[usize], input: usize, rng: &mut ChaCha8Rng, device: &Device) -> Mlp {
        let tower = MlpConfig::new([hidden, &[self.head.scores()]].concat()).init(input, rng, device);
        match self.head {
            Head::Ordinal { levels } => tower.with_thresholds(initial_thresholds(levels), device),
            _ => tower,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Head, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_head_is_a_table_with_its_kind_and_defaults() -> Result<(), serde_json::Error> {
        let regression = Head::Regression { transform: Transform::Log1p, quantile: Some(0.9) };
        let heads = [
            (r#"{"kind":"binary"}"#, Head::binary(), 1),
            (
                r#"{"kind":"binary","label_smoothing":0.1,"focal_gamma":2}"#,
                Head::Binary { label_smoothing: 0.1, focal_gamma: Some(2.0) },
                1,
            ),
            (r#"{"kind":"regression"}"#, Head::Regression { transform: Transform::Identity, quantile: None }, 1),
            (r#"{"kind":"regression","transform":"log1p","quantile":0.9}"#, regression, 1),
            (r#"{"kind":"watch_time"}"#, Head::WatchTime { exact: false }, 1),
            (r#"{"kind":"ordinal","levels":5}"#, Head::Ordinal { levels: 5 }, 4),
            (r#"{"kind":"multi_class","classes":3}"#, Head::MultiClass { classes: 3, label_smoothing: 0.0 }, 3),
            (r#"{"kind":"choice","items":7}"#, Head::Choice { items: 7 }, 7),
            (r#"{"kind":"slate"}"#, Head::Slate {}, 1),
        ];
        for (text, head, logits) in heads {
            assert_eq!((parse(text)?, head.logits()), (head, logits), "{text}");
            assert_eq!(parse(&serde_json::to_string(&head)?)?, head);
            let unknown = text.replace('}', r#","extra":1}"#);
            assert!(parse(&unknown).is_err(), "{unknown} passed");
        }
        Ok(())
    }

    #[test]
    fn every_option_is_checked() {
        let problem = |head| TaskShape::of("task", head).validate().err().map(|error| error.to_string());
        let says = |head, words: &str| {
            let problem = problem(head).unwrap_or_default();
            assert!(problem.starts_with("task `task`: ") && problem.contains(words), "{head:?}: {problem:?}");
        };
        for smoothing in [-0.1, 1.0, f32::NAN] {
            says(Head::Binary { label_smoothing: smoothing, focal_gamma: None }, "`label_smoothing`");
            says(Head::MultiClass { classes: 3, label_smoothing: smoothing }, "`label_smoothing`");
        }
        for gamma in [-1.0, f32::INFINITY, f32::NAN] {
            says(Head::Binary { label_smoothing: 0.0, focal_gamma: Some(gamma) }, "`focal_gamma`");
        }
        for quantile in [0.0, 1.0, f64::NAN] {
            says(Head::Regression { transform: Transform::Identity, quantile: Some(quantile) }, "`quantile`");
        }
        says(Head::Ordinal { levels: 1 }, "at least 2 levels");
        says(Head::MultiClass { classes: 1, label_smoothing: 0.0 }, "at least 2 classes");
        says(Head::Choice { items: 1 }, "at least 2 items");
        assert_eq!(problem(Head::Ordinal { levels: 2 }), None);
    }

    #[test]
    fn only_binary_tasks_come_after_others() {
        let mut task = TaskShape::of("rating", Head::Ordinal { levels: 5 }).with_after("click");
        assert!(task.validate().is_err_and(|error| error.to_string().contains("are for binary tasks")));
        task.head = Head::binary();
        assert!(task.validate().is_ok() && !task.is_plain_binary());
        task.ordered_after = Some(OrderedAfter { task: "view".into(), weight: -1.0 });
        assert!(task.validate().is_err_and(|error| error.to_string().contains("`ordered_after.weight`")));
    }
}
