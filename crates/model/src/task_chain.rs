//! Chains of binary tasks: each happens only after the one before it.
//!
//! ```text
//! click ◄── after ── buy ◄── after ── review        chain(review) = [click, buy, review]
//! ```

use crate::{Error, Head, ModelSpec};

impl ModelSpec {
    /// The tasks whose own probabilities multiply to the probability of `task`: the first to happen first, `task` last;
    /// `task` alone where it comes after none.
    pub fn chain(&self, task: usize) -> Vec<usize> {
        let mut chain = vec![task];
        let mut last = task;
        while let Some(before) = self.tasks[last].after.as_deref().and_then(|name| self.position(name)) {
            assert!(!chain.contains(&before), "tasks come after each other in a circle: {chain:?} and {before}");
            chain.push(before);
            last = before;
        }
        chain.reverse();
        chain
    }

    /// Index of the task of this name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.name == name)
    }

    /// Checks that `after` and `ordered_after` name binary tasks and that no task comes after itself.
    pub(crate) fn validate_chains(&self) -> Result<(), Error> {
        for (index, task) in self.tasks.iter().enumerate() {
            let refuse = |problem| Err(Error::InvalidTask { task: task.name.clone(), problem });
            let is_binary = |name: &str| {
                self.position(name).is_some_and(|found| matches!(self.tasks[found].head, Head::Binary { .. }))
            };
            if task.after.as_deref().is_some_and(|name| !is_binary(name)) {
                return refuse("`after` must name a binary task of the model");
            }
            if self.comes_after_itself(index) {
                return refuse("comes after itself: remove one `after` of the circle");
            }
            let Some(order) = &task.ordered_after else { continue };
            if !is_binary(&order.task) {
                return refuse("`ordered_after.task` must name a binary task of the model");
            }
        }
        for (index, task) in self.tasks.iter().enumerate() {
            let Some(order) = &task.ordered_after else { continue };
            if self.chain(index).iter().any(|&before| self.tasks[before].name == order.task) {
                let problem = "`ordered_after` names the task itself or one that `after` orders already: remove it";
                return Err(Error::InvalidTask { task: task.name.clone(), problem });
            }
        }
        Ok(())
    }

    fn comes_after_itself(&self, task: usize) -> bool {
        let mut last = task;
        for _ in 0..self.tasks.len() {
            match self.tasks[last].after.as_deref().and_then(|name| self.position(name)) {
                Some(before) if before == task => return true,
                Some(before) => last = before,
                None => return false,
            }
        }
        // More steps than tasks: a circle that does not pass through this one; a task of it is named instead.
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmbeddingConfig, ModelConfig, OrderedAfter, SharedBottomConfig, TaskShape, TrunkConfig};
    use slatewise_features::FeatureLayout;

    fn spec() -> ModelSpec {
        ModelSpec {
            config: ModelConfig {
                trunk: TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![4] }),
                tower: vec![],
                embedding: EmbeddingConfig::default(),
                wide: [].into(),
            },
            layout: FeatureLayout { tables: vec![], fields: vec![], dense: vec!["price".into()] },
            tasks: vec![
                TaskShape::of("review", Head::binary()).with_after("buy"),
                TaskShape::of("click", Head::binary()),
                TaskShape::of("buy", Head::binary()).with_after("click"),
                TaskShape::of("rating", Head::Ordinal { levels: 5 }),
            ],
        }
    }

    fn message(change: impl FnOnce(&mut [TaskShape])) -> String {
        let mut spec = spec();
        change(&mut spec.tasks);
        spec.validate().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_chain_runs_from_what_happens_first() {
        let spec = spec();
        assert_eq!((spec.chain(0), spec.chain(1), spec.chain(2)), (vec![1, 2, 0], vec![1], vec![1, 2]));
    }

    #[test]
    fn every_fault_is_named() {
        let ordered = |task: &str| Some(OrderedAfter { task: task.into(), weight: 0.6 });
        assert_eq!(message(|_| ()), "");
        assert_eq!(message(|tasks| tasks[1].ordered_after = ordered("buy")), "", "buy does not come before click");
        let after = "`after` must name a binary task";
        assert!(message(|tasks| tasks[2].after = Some("view".into())).starts_with(&format!("task `buy`: {after}")));
        assert!(message(|tasks| tasks[2].after = Some("rating".into())).contains(after));
        assert!(message(|tasks| tasks[1].after = Some("click".into())).starts_with("task `click`: comes after itself"));
        assert!(message(|tasks| tasks[1].after = Some("buy".into())).starts_with("task `click`: comes after itself"));
        assert!(message(|tasks| tasks[1].ordered_after = ordered("rating")).contains("`ordered_after.task` must name"));
        for before in ["click", "buy", "review"] {
            assert!(message(|tasks| tasks[0].ordered_after = ordered(before)).contains("`after` orders already"));
        }
    }
}
