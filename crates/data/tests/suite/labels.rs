//! Labels of the small shop, worked out by hand, and what a declaration of tasks is refused for.
//!
//! Session v1 clicks A1, A3 (premium), B1 (premium); v2 clicks A2, A1.

use slatewise_data::{Error, ImpressionLog, Label, Mask, Outcome, TaskSet, TaskSpec};

use crate::shop::{load, sound_rows};

/// The labels of a task on the rows of a slate.
fn labels(log: &ImpressionLog, spec: TaskSpec, slate: u32) -> Result<Vec<Option<f32>>, Error> {
    let tasks = TaskSet::resolve(&[spec], &log.catalogue)?;
    Ok(log.rows_of(slate).map(|row| tasks.label(0, log, &row)).collect())
}

#[test]
fn an_outcome_looks_one_click_ahead() -> Result<(), Error> {
    let log = load(&sound_rows())?.log;
    let next = |item, premium| Outcome { continues: true, next_item: Some(item), next_premium: Some(premium) };
    let end = Outcome { continues: false, next_item: None, next_premium: None };
    let outcomes: Vec<Outcome> = (0..5).map(|slate| log.outcome(slate)).collect();
    assert_eq!(outcomes, [next(2, true), next(3, true), end, next(0, false), end]);
    Ok(())
}

#[test]
fn a_label_is_masked_where_the_task_does_not_apply() -> Result<(), Error> {
    let log = load(&sound_rows())?.log;
    let of = |label, mask, slate| labels(&log, TaskSpec::new("task", label, mask), slate);
    // Slate 1: A3 clicked, B1 (premium) follows. Slate 3: A2 clicked, A1 follows. Slate 4: A1 clicked, the session ends.
    assert_eq!(of(Label::Click, Mask::All, 1)?, [Some(0.0), Some(0.0), Some(1.0)]);
    assert_eq!(of(Label::Click, Mask::Clicked, 1)?, [None, None, Some(1.0)]);
    assert_eq!(of(Label::SessionContinues, Mask::All, 1)?, [Some(1.0); 3]);
    assert_eq!(of(Label::SessionContinues, Mask::Clicked, 1)?, [None, None, Some(1.0)]);
    assert_eq!(of(Label::SessionContinues, Mask::Clicked, 4)?, [Some(0.0), None, None]);
    assert_eq!(of(Label::SessionContinues, Mask::ClickedAndContinues, 4)?, [None; 3]);
    assert_eq!(of(Label::NextPremium, Mask::ClickedAndContinues, 1)?, [None, None, Some(1.0)]);
    assert_eq!(of(Label::NextPremium, Mask::ClickedAndContinues, 3)?, [None, Some(0.0), None]);
    assert_eq!(of(Label::NextItem, Mask::ClickedAndContinues, 1)?, [None, None, Some(3.0)]);
    assert_eq!(of(Label::NextItem, Mask::All, 4)?, [None; 3]);
    Ok(())
}

#[test]
fn a_task_takes_the_rows_of_its_surfaces() -> Result<(), Error> {
    let log = load(&sound_rows())?.log;
    let sale = TaskSpec { surfaces: vec!["sale".to_owned()], ..TaskSpec::new("sale_click", Label::Click, Mask::All) };
    assert_eq!(labels(&log, sale.clone(), 0)?, [None; 3]);
    assert_eq!(labels(&log, sale, 2)?, [Some(1.0)]);
    Ok(())
}

#[test]
fn a_choice_has_a_class_per_item() -> Result<(), Error> {
    let catalogue = load(&sound_rows())?.log.catalogue;
    let specs =
        [TaskSpec::new("click", Label::Click, Mask::All), TaskSpec::new("next", Label::NextItem, Mask::Clicked)];
    let tasks = TaskSet::resolve(&specs, &catalogue)?;
    assert_eq!((tasks.count(), tasks.classes(0), tasks.classes(1)), (2, 1, 4));
    assert_eq!(tasks.specs(), specs);
    Ok(())
}

#[test]
fn a_task_that_does_not_fit_is_named() -> Result<(), Error> {
    let catalogue = load(&sound_rows())?.log.catalogue;
    let refusal = |specs: &[TaskSpec]| match TaskSet::resolve(specs, &catalogue) {
        Err(error) => error.to_string(),
        Ok(_) => "it was not refused".to_owned(),
    };
    let click = TaskSpec::new("click", Label::Click, Mask::All);
    assert_eq!(refusal(&[]), "tasks = []: declare at least one task under [[tasks]]");
    assert_eq!(refusal(&[TaskSpec { name: " ".into(), ..click.clone() }]), "tasks[0].name = \" \": name the task");
    assert_eq!(
        refusal(&[click.clone(), click.clone()]),
        "tasks[1].name = \"click\": is the name of tasks[0]; choose another"
    );
    for weight in [-1.0, f32::NAN, f32::INFINITY] {
        assert_eq!(
            refusal(&[TaskSpec { loss_weight: weight, ..click.clone() }]),
            format!("tasks[0].loss_weight = {weight}: must be finite and not negative")
        );
    }
    assert_eq!(
        refusal(&[TaskSpec { surfaces: vec!["sales".into()], ..click.clone() }]),
        "tasks[0].surfaces[0] = \"sales\": is no surface of the log, nearest \"sale\"; it has tops, sale"
    );
    assert_eq!(
        refusal(&[TaskSpec { surfaces: vec!["tops".into(), "shoes".into()], ..click }]),
        "tasks[0].surfaces[1] = \"shoes\": is no surface of the log; it has tops, sale"
    );
    Ok(())
}
