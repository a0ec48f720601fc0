//! The health of the model: gates, experts, the tasks' gradients, embeddings; how to read each stands below it.

use slatewise_eval::report::{Block, Callout, Cell, Column, NumberFormat, Plot, Section, StackedBarPlot, Table};

use super::grouped;
use crate::commands::train::health::{Gate, Health, JUDGED_BATCHES, TaskPair};

/// Pairs of experts that the table shows, the most alike first.
const PAIRS_SHOWN: usize = 15;

pub(super) fn section(health: &Health) -> Section {
    let mut section = Section::new("health", "Health of the model").paragraph(format!(
        "Whether the parts of the kept model do their work, which its predictions do not show: gates and experts on {} validation rows, gradients on validation batches drawn as in training. docs/algorithms/health.md says what to do where they do not.",
        grouped(health.rows as u64)
    ));
    let warnings = health.warnings();
    if warnings.is_empty() {
        section = section.paragraph("Nothing to warn of.");
    }
    for warning in warnings {
        section = section.block(Block::Callout(Callout::warning(warning.kind, format!("{}.", warning.text))));
    }
    section = if health.gates.is_empty() { without_gates(section, health) } else { with_gates(section, health) };
    if !health.tasks.is_empty() {
        section = section.block(Block::Table(tasks(health)));
    }
    section.block(Block::Table(embeddings(health)))
}

/// Why there is nothing to say of gates and experts.
fn without_gates(section: Section, health: &Health) -> Section {
    let why = match health.rows {
        0 => "The validation sessions have no rows, so gates and experts were not measured.",
        _ => "This trunk has no gates that mix experts, so there is no entropy, utilisation or similarity to measure.",
    };
    section.paragraph(why)
}

fn with_gates(section: Section, health: &Health) -> Section {
    let plots = match levels(&health.gates) {
        Some(levels) => levels.iter().map(|level| weights(&health.gates, Some(level))).collect(),
        None => vec![weights(&health.gates, None)],
    };
    let section = plots.into_iter().fold(section, |section, plot| section.block(Block::Plot(Plot::Stacked(plot))));
    let section = section.block(Block::Table(gates(health)));
    if health.experts.is_empty() { section } else { section.block(Block::Table(experts(health))) }
}

/// The levels of a trunk that has them, in order.
fn levels(gates: &[Gate]) -> Option<Vec<String>> {
    let mut levels: Vec<String> = gates.iter().map(Gate::level).collect::<Option<_>>()?;
    levels.dedup();
    Some(levels)
}

/// Mean weights of the gates, of one level or of a trunk without levels.
fn weights(gates: &[Gate], level: Option<&str>) -> StackedBarPlot {
    let of_level = |gate: &&Gate| level.is_none() || gate.level().as_deref() == level;
    let mut parts: Vec<&str> = Vec::new();
    for expert in gates.iter().filter(of_level).flat_map(|gate| &gate.health.experts) {
        if !parts.contains(&expert.as_str()) {
            parts.push(expert);
        }
    }
    let title = level.map_or_else(|| "Mean gate weights".to_owned(), |level| format!("Mean gate weights, {level}"));
    // The title names the level.
    let names = parts.iter().map(|part| without_level(part));
    let plot = StackedBarPlot::new(title, "share of the gate's weight", NumberFormat::Percent(1), names);
    let plot = gates.iter().filter(of_level).fold(plot, |plot, gate| {
        let weight = |part: &&str| {
            let place = gate.health.experts.iter().position(|expert| expert == part);
            place.map_or(f64::NAN, |place| gate.health.utilisation[place])
        };
        plot.bar(gate.name(), parts.iter().map(weight))
    });
    plot.caption("How to read it: a bar of one colour is a gate that has collapsed onto one expert; bars alike are tasks that mix the experts alike; a colour that hardly shows in any bar is an expert that could go.")
}

/// An expert's name where the level is known: `shared_expert.0` of `level.1.shared_expert.0`.
fn without_level(expert: &str) -> &str {
    let rest = expert.strip_prefix("level.").and_then(|rest| rest.split_once('.'));
    rest.map_or(expert, |(_, name)| name)
}

fn gates(health: &Health) -> Table {
    let mut table = Table::new(vec![
        Column::text("Gate"),
        Column::number("Entropy share", NumberFormat::Decimals(3)),
        Column::text("Leading expert"),
        Column::number("Its weight", NumberFormat::Percent(1)),
        Column::text("Unused experts"),
        Column::number("Similarity", NumberFormat::Decimals(3)),
    ])
    .caption("How to read it: the entropy is a share of that of equal weights; near 0 with unused experts the gate has collapsed; near 0 with none unused, each row has its expert, the good case; near 1, the gate hardly chooses, and with a similarity near 1 too the experts are copies. Unused: a mean weight below a tenth of an equal share.");
    for gate in &health.gates {
        let names = gate.health.experts.iter().enumerate();
        let unused: Vec<&str> =
            names.filter(|(place, _)| gate.health.is_unused(*place)).map(|(_, name)| without_level(name)).collect();
        let (leading, weight) = gate.leading();
        table = table.row([
            gate.name().into(),
            gate.health.entropy.map_or_else(|| Cell::undefined("a single expert"), Cell::from),
            without_level(leading).into(),
            weight.into(),
            if unused.is_empty() { "none".into() } else { unused.join(", ").into() },
            similarity(gate.health.similarity),
        ]);
    }
    table
}

fn experts(health: &Health) -> Table {
    let mut pairs: Vec<_> = health.experts.iter().collect();
    let key = |similarity: Option<f64>| similarity.unwrap_or(f64::NEG_INFINITY);
    pairs.sort_by(|a, b| key(b.similarity).total_cmp(&key(a.similarity)));
    let mut caption = "How to read it: mean cosine of two experts' outputs on the same rows; 1: they say the same and one would do; after a ReLU, experts with nothing in common lie at about 0.3.".to_owned();
    if pairs.len() > PAIRS_SHOWN {
        caption +=
            &format!(" The {PAIRS_SHOWN} most alike of {} pairs; all of them stand in metrics.json.", pairs.len());
        pairs.truncate(PAIRS_SHOWN);
    }
    let cosine = Column::number("Similarity", NumberFormat::Decimals(3));
    let table = Table::new(vec![Column::text("Expert"), Column::text("Expert"), cosine]).caption(caption);
    pairs.into_iter().fold(table, |table, pair| {
        table.row([pair.first.as_str().into(), pair.second.as_str().into(), similarity(pair.similarity)])
    })
}

fn similarity(value: Option<f64>) -> Cell {
    value.map_or_else(|| Cell::undefined("on no row were two experts' outputs both other than zero"), Cell::from)
}

fn tasks(health: &Health) -> Table {
    let mut caption = "How to read it: the cosine of two tasks' gradients on what they share; above 0 a step for one helps the other, below 0 they conflict, near 0 they do not touch each other and the sign is chance. Where most batches conflict and the mean is below −0.05, one of the two pays for the other: see docs/algorithms/balance.md.".to_owned();
    if !health.tasks.iter().all(TaskPair::is_judged) {
        caption += &format!(" Fewer than {JUDGED_BATCHES} batches are too few to judge a pair.");
    }
    let table = Table::new(vec![
        Column::text("Task"),
        Column::text("Task"),
        Column::number("Mean cosine", NumberFormat::Decimals(3)),
        Column::number("Batches in conflict", NumberFormat::Percent(1)),
        Column::number("Batches", NumberFormat::Count),
    ])
    .caption(caption);
    health.tasks.iter().fold(table, |table, pair| {
        let number = |value: Option<f64>| {
            value.map_or_else(|| Cell::undefined("in no batch did both tasks have a gradient"), Cell::from)
        };
        table.row([
            pair.first.as_str().into(),
            pair.second.as_str().into(),
            number(pair.mean_cosine),
            number(pair.conflicting),
            (pair.batches as f64).into(),
        ])
    })
}

fn embeddings(health: &Health) -> Table {
    let table = Table::new(vec![
        Column::text("Embedding table"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("Mean norm", NumberFormat::Decimals(3)),
        Column::number("Largest norm", NumberFormat::Decimals(3)),
    ])
    .caption("How to read it: the Euclidean length of a row; a row starts at about 0.6. A largest norm many times the mean is a value that the model learned by heart; a mean that grows from run to run asks for weight decay.");
    health.embeddings.iter().fold(table, |table, norms| {
        table.row([norms.table.as_str().into(), norms.rows.into(), norms.mean.into(), norms.largest.into()])
    })
}

#[cfg(test)]
mod tests {
    use slatewise_model::{ExpertPair, GateHealth};

    use super::*;

    fn gate(name: &str, experts: &[&str], weight: &[f32]) -> Gate {
        let outputs = vec![[1.0_f32].as_slice(); experts.len()];
        let experts = experts.iter().map(|&name| name.to_owned()).collect();
        let health = GateHealth::new(name.into(), experts, weight, &outputs, 1);
        Gate { task: Some("click".into()), collapsed: health.is_collapsed(), health }
    }

    fn health(gates: Vec<Gate>, experts: Vec<ExpertPair>) -> Health {
        Health { rows: 9, gates, experts, tasks: vec![], embeddings: vec![] }
    }

    fn plots(section: &Section) -> Vec<&StackedBarPlot> {
        fn stacked(block: &Block) -> Option<&StackedBarPlot> {
            match block {
                Block::Plot(Plot::Stacked(plot)) => Some(plot),
                _ => None,
            }
        }
        section.blocks.iter().filter_map(stacked).collect()
    }

    #[test]
    fn each_level_has_its_plot_over_its_own_experts() {
        let gates = vec![
            gate("level.0.task.0", &["level.0.a", "level.0.c"], &[0.25, 0.75]),
            gate("level.0.shared", &["level.0.a", "level.0.b", "level.0.c"], &[0.5, 0.25, 0.25]),
            gate("level.1.task.0", &["level.1.d", "level.1.e"], &[1.0, 0.0]),
        ];
        let section = section(&health(gates, vec![]));
        let plots = plots(&section);
        assert_eq!(plots.iter().map(|plot| plot.parts.join(" ")).collect::<Vec<_>>(), ["a c b", "d e"]);
        assert_eq!(plots[0].bars[1].values, [0.5, 0.25, 0.25], "a, c, b");
        assert!(plots[0].bars[0].values[2].is_nan(), "b is no part of the first gate");
        let warned = section.blocks.iter().filter(|block| matches!(block, Block::Callout(_))).count();
        assert_eq!(warned, 2, "a collapsed gate and an unused expert");
    }

    #[test]
    fn a_trunk_without_gates_says_so() {
        let section = section(&health(vec![], vec![]));
        assert!(plots(&section).is_empty());
        let told = |block: &Block| matches!(block, Block::Paragraph(text) if text.contains("has no gates"));
        assert!(section.blocks.iter().any(told), "{section:?}");
    }

    #[test]
    fn the_most_alike_experts_come_first_and_the_rest_is_counted() {
        let pair = |place: u32| ExpertPair {
            first: "a".into(),
            second: format!("{place}"),
            similarity: (place != 3).then(|| f64::from(place) / 100.0),
        };
        let few = experts(&health(vec![], (1..=4).map(pair).collect()));
        let order: Vec<String> = (0..4).map(|row| few.text(row, 1)).collect();
        assert_eq!((order, few.text(3, 2)), (["4", "2", "1", "3"].map(str::to_owned).to_vec(), "undefined".to_owned()));
        let many = experts(&health(vec![], (1..=20).map(pair).collect()));
        assert_eq!((many.rows.len(), many.text(0, 1)), (PAIRS_SHOWN, "20".to_owned()));
        assert!(many.caption.is_some_and(|caption| caption.contains("15 most alike of 20 pairs")));
    }
}
