//! `TaskSet`: the declared tasks, checked against a catalogue, and the label of every impression row for each of them.
//!
//! ```text
//!                            click   continues [clicked]   next_item [clicked_and_continues]
//! row, not clicked             0            ·                        ·
//! row, clicked, B4 follows     1            1                    index of B4
//! row, clicked, session ends   1            0                        ·                  · = masked
//! ```
//!
//! A row of a surface that a task does not take has no label there, and a label that does not exist (the next item of a session that ends) is masked whatever the mask says.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::impression_log::{Impression, ImpressionLog};
use crate::nearest::nearest;
use crate::task::{Label, Mask, TaskKind, TaskSpec};

/// Item indices beyond this are not exact in the `f32` that carries a label.
const MOST_CHOICES: usize = 1 << 24;

/// Tasks that fit a catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSet {
    specs: Vec<TaskSpec>,
    items: usize,
    /// Shape `[tasks, items]`: whether the task takes the surface on which the item stands.
    takes: Vec<bool>,
}

impl TaskSet {
    /// Checks the declared tasks against a catalogue.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no task, a name is blank or used twice, a surface is not the catalogue's, a loss weight is negative or not finite,
    /// or a choice ranges over more than 2^24 items.
    pub fn resolve(specs: &[TaskSpec], catalogue: &Catalogue) -> Result<Self, Error> {
        if specs.is_empty() {
            return Err(Error::config("tasks", "[]", "declare at least one task under [[tasks]]"));
        }
        let mut takes = Vec::with_capacity(specs.len() * catalogue.len());
        for (i, spec) in specs.iter().enumerate() {
            let key = |field: &str| format!("tasks[{i}].{field}");
            let name = format!("{:?}", spec.name);
            if spec.name.trim().is_empty() {
                return Err(Error::config(key("name"), name, "name the task"));
            }
            if let Some(other) = specs[..i].iter().position(|other| other.name == spec.name) {
                return Err(Error::config(key("name"), name, format!("is the name of tasks[{other}]; choose another")));
            }
            if !(spec.loss_weight.is_finite() && spec.loss_weight >= 0.0) {
                return Err(Error::config(
                    key("loss_weight"),
                    spec.loss_weight.to_string(),
                    "must be finite and not negative",
                ));
            }
            if spec.kind() == TaskKind::Choice && catalogue.len() > MOST_CHOICES {
                let mend = format!("chooses among {} items, {MOST_CHOICES} at most; drop the task", catalogue.len());
                return Err(Error::config(key("label"), name, mend));
            }
            let taken = taken_surfaces(spec, catalogue, &key("surfaces"))?;
            takes.extend((0..catalogue.len() as u32).map(|item| taken[catalogue.surface_of(item) as usize]));
        }
        Ok(Self { specs: specs.to_vec(), items: catalogue.len(), takes })
    }

    /// The declarations, in order; a task's index here is its index everywhere.
    pub fn specs(&self) -> &[TaskSpec] {
        &self.specs
    }

    /// Number of tasks, at least one.
    pub fn count(&self) -> usize {
        self.specs.len()
    }

    /// Number of logits of a task: 1 for a binary one, the number of items for a choice.
    pub fn classes(&self, task: usize) -> usize {
        match self.specs[task].kind() {
            TaskKind::Binary => 1,
            TaskKind::Choice => self.items,
        }
    }

    /// The label of a row, `None` where it is masked: 0 or 1 for a binary task, an item index for a choice. Takes constant time.
    pub fn label(&self, task: usize, log: &ImpressionLog, row: &Impression) -> Option<f32> {
        let spec = &self.specs[task];
        if !self.takes[task * self.items + row.item as usize] {
            return None;
        }
        let outcome = log.outcome_within(row.session, row.slate);
        let defined = match spec.mask {
            Mask::All => true,
            Mask::Clicked => row.click,
            Mask::ClickedAndContinues => row.click && outcome.continues,
        };
        let binary = |yes: bool| f32::from(u8::from(yes));
        let label = match spec.label {
            Label::Click => Some(binary(row.click)),
            Label::SessionContinues => Some(binary(outcome.continues)),
            Label::NextPremium => outcome.next_premium.map(binary),
            Label::NextItem => outcome.next_item.map(|item| item as f32),
        };
        label.filter(|_| defined)
    }
}

/// Per surface of the catalogue, whether a task takes it.
fn taken_surfaces(spec: &TaskSpec, catalogue: &Catalogue, key: &str) -> Result<Vec<bool>, Error> {
    let mut taken = vec![spec.surfaces.is_empty(); catalogue.surfaces.len()];
    for (i, surface) in spec.surfaces.iter().enumerate() {
        let Some(index) = catalogue.surfaces.iter().position(|known| known == surface) else {
            let known = || catalogue.surfaces.iter().map(String::as_str);
            let near = nearest(surface, known()).map(|name| format!(", nearest {name:?}")).unwrap_or_default();
            let list = known().collect::<Vec<_>>().join(", ");
            let mend = format!("is no surface of the log{near}; it has {}", list.escape_debug());
            return Err(Error::config(format!("{key}[{i}]"), format!("{surface:?}"), mend));
        };
        taken[index] = true;
    }
    Ok(taken)
}
