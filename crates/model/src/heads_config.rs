//! `HeadsConfig`: what a user writes under `[heads]`, for the tasks whose label asks for more than its plain head.
//!
//! ```toml
//! [heads]
//! click  = { kind = "binary", label_smoothing = 0.05 }
//! buy    = { kind = "binary", focal_gamma = 2.0 }
//! spend  = { kind = "regression", transform = "log1p", quantile = 0.9 }
//! rating = { kind = "ordinal", levels = 5 }
//! ```
//!
//! | label of the task | plain head | heads that may stand here |
//! |---|---|---|
//! | 0 or 1 | `binary` | `binary` |
//! | a number | `regression` | `regression`, `watch_time`, `ordinal`, `multi_class` |
//! | an item of the catalogue | `choice` | none: the number of items follows from the log |
//!
//! A task's name, label and loss weight are declared where its data are; a head is a property of the model, so that one declaration
//! of the tasks serves models with different heads. A `slate` head needs to be told which rows were shown together, which no
//! loader does: build it in a program.

use crate::{Error, Head, TaskShape};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The section `[heads]` of a configuration: heads by the names of their tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HeadsConfig(pub BTreeMap<String, Head>);

impl HeadsConfig {
    /// Whether every task keeps the plain head of its label.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tasks, each given with the plain head of its label, with the heads that are declared here.
    ///
    /// # Errors
    /// [`Error::InvalidHead`] naming the entry: there is no such task, its label cannot have this head, or an option is out of its
    /// range.
    pub fn apply(&self, mut tasks: Vec<TaskShape>) -> Result<Vec<TaskShape>, Error> {
        for (name, &head) in &self.0 {
            let refuse = |problem: String| Err(Error::InvalidHead { task: name.clone(), problem });
            let Some(task) = tasks.iter_mut().find(|task| task.name == *name) else {
                let known: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
                return refuse(format!("there is no such task: name one of {}", known.join(", ")));
            };
            if let Some(mend) = task.head.refuses(head) {
                return refuse(mend.to_owned());
            }
            if let Some(problem) = head.problem() {
                return refuse(problem.to_owned());
            }
            task.head = head;
        }
        Ok(tasks)
    }
}

impl Head {
    /// Why a label with this plain head cannot have another one.
    fn refuses(self, head: Self) -> Option<&'static str> {
        let (fits, mend) = match self {
            Self::Binary { .. } => {
                (matches!(head, Self::Binary { .. }), "the task's label is 0 or 1: write `kind = \"binary\"`")
            }
            Self::Choice { .. } => (false, "the task chooses among the catalogue's items: leave its head out"),
            _ => (
                matches!(
                    head,
                    Self::Regression { .. } | Self::WatchTime { .. } | Self::Ordinal { .. } | Self::MultiClass { .. }
                ),
                "the task's label is a number: write `kind` as \"regression\", \"watch_time\", \"ordinal\" or \"multi_class\"",
            ),
        };
        (!fits).then_some(mend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transform;

    const NUMBER: Head = Head::Regression { transform: Transform::Identity, quantile: None };

    fn tasks() -> Vec<TaskShape> {
        let plain = [("click", Head::binary()), ("spend", NUMBER), ("next_item", Head::Choice { items: 9 })];
        let mut tasks: Vec<TaskShape> = plain.into_iter().map(|(name, head)| TaskShape::of(name, head)).collect();
        tasks[0].loss_weight = 0.5;
        tasks
    }

    fn apply(text: &str) -> Result<Vec<TaskShape>, Box<dyn std::error::Error>> {
        Ok(toml::from_str::<HeadsConfig>(text)?.apply(tasks())?)
    }

    #[test]
    fn what_is_declared_replaces_the_head_and_nothing_else() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(apply("")?, tasks());
        let found = apply(
            "click = { kind = \"binary\", label_smoothing = 0.1, focal_gamma = 2.0 }\n\
             spend = { kind = \"regression\", transform = \"log1p\", quantile = 0.9 }",
        )?;
        let mut expected = tasks();
        expected[0].head = Head::Binary { label_smoothing: 0.1, focal_gamma: Some(2.0) };
        expected[1].head = Head::Regression { transform: Transform::Log1p, quantile: Some(0.9) };
        assert_eq!(found, expected);
        let heads = [
            ("watch_time\", exact = true", Head::WatchTime { exact: true }),
            ("ordinal\", levels = 5", Head::Ordinal { levels: 5 }),
            ("multi_class\", classes = 3", Head::MultiClass { classes: 3, label_smoothing: 0.0 }),
        ];
        for (text, head) in heads {
            assert_eq!(apply(&format!("spend = {{ kind = \"{text} }}"))?[1].head, head);
        }
        Ok(())
    }

    #[test]
    fn a_section_is_written_as_it_is_read() -> Result<(), Box<dyn std::error::Error>> {
        let heads =
            HeadsConfig([("click".to_owned(), Head::Binary { label_smoothing: 0.1, focal_gamma: None })].into());
        assert_eq!(toml::from_str::<HeadsConfig>(&toml::to_string(&heads)?)?, heads);
        assert!(!heads.is_empty() && HeadsConfig::default().is_empty());
        Ok(())
    }

    #[test]
    fn every_mistake_names_its_entry() {
        let message = |text: &str| apply(text).err().map(|error| error.to_string()).unwrap_or_default();
        let expected = [
            ("buy = { kind = \"binary\" }", "`heads.buy`: there is no such task: name one of click, spend, next_item"),
            (
                "click = { kind = \"regression\" }",
                "`heads.click`: the task's label is 0 or 1: write `kind = \"binary\"`",
            ),
            ("spend = { kind = \"binary\" }", "`heads.spend`: the task's label is a number: write"),
            ("spend = { kind = \"slate\" }", "`heads.spend`: the task's label is a number: write"),
            (
                "next_item = { kind = \"choice\", items = 9 }",
                "`heads.next_item`: the task chooses among the catalogue's",
            ),
            (
                "click = { kind = \"binary\", label_smoothing = 1.0 }",
                "`heads.click`: `label_smoothing` must be at least 0",
            ),
            ("spend = { kind = \"ordinal\", levels = 1 }", "`heads.spend`: an ordinal task needs at least 2 levels"),
        ];
        for (text, expected) in expected {
            assert!(message(text).starts_with(expected), "{text}: {}", message(text));
        }
        for text in ["click = { kind = \"binary\", gamma = 2.0 }", "click = { kind = \"binry\" }", "click = {}"] {
            assert!(message(text).contains("click"), "{text}: {}", message(text));
        }
    }
}
