//! The comparison as tables, plots and a flat object.

use anyhow::Result;
use slatewise_eval::interval::{Interval, paired_differences, student_t_interval};
use slatewise_eval::report::{
    Bar, BarPlot, Block, Cell, Column, Fact, NumberFormat, Plot, Report, Section, Table, TradeOffPlot,
};

use super::config::CompareConfig;
use super::judge::Judged;
use super::run::{Kind, Outcome, POLICIES, SeedOutcome};
use crate::flat::Flat;
use crate::output::Output;

const LEVEL: f64 = 0.95;

/// Something of each seed, as an interval over the seeds.
fn over(outcomes: &[SeedOutcome], of: impl Fn(&SeedOutcome) -> f64) -> Result<Interval> {
    Ok(student_t_interval(&outcomes.iter().map(of).collect::<Vec<_>>(), LEVEL)?)
}

/// Something of one policy in the world.
fn in_world(outcomes: &[SeedOutcome], policy: usize, of: impl Fn(&Judged) -> f64) -> Result<Interval> {
    over(outcomes, |seed| of(&seed.policies[policy].world))
}

/// The baseline of the highest mean return in the world.
fn best_baseline(outcomes: &[SeedOutcome]) -> usize {
    let mean = |policy: usize| outcomes.iter().map(|seed| seed.policies[policy].world.value).sum::<f64>();
    let baselines = (0..POLICIES.len()).filter(|&policy| POLICIES[policy].1 == Kind::Baseline);
    baselines.fold(0, |best, policy| if mean(policy) > mean(best) { policy } else { best })
}

/// The policy, learned or not, whose lowest value in the ensemble of fitted simulators is highest on average: chosen without the
/// truth, and without favour for what was learned.
fn kept(outcomes: &[SeedOutcome]) -> usize {
    let cautious = |policy: usize| {
        outcomes.iter().filter_map(|seed| seed.policies[policy].cautious).sum::<f64>() / outcomes.len() as f64
    };
    let candidates = (0..POLICIES.len()).filter(|&policy| POLICIES[policy].1 != Kind::Reference);
    candidates.fold(0, |best, policy| if cautious(policy) > cautious(best) { policy } else { best })
}

/// Paired gain of a policy on another one.
fn gain(outcomes: &[SeedOutcome], policy: usize, on: usize) -> Result<Interval> {
    let values =
        |policy: usize| -> Vec<f64> { outcomes.iter().map(|seed| seed.policies[policy].world.value).collect() };
    Ok(student_t_interval(&paired_differences(&values(policy), &values(on))?, LEVEL)?)
}

fn key(policy: usize) -> String {
    let name = POLICIES[policy].0.replace([',', '-'], "");
    name.replace(' ', "_").to_lowercase()
}

/// Prints everything and writes the page.
pub(super) fn tell(config: &CompareConfig, outcomes: &[SeedOutcome], output: &Output) -> Result<()> {
    let report = Report::new(format!("{}: policies compared", config.name))
        .subtitle(format!(
            "{} planted worlds, each with a log of its own from which everything is learned; {} visitors judge each policy; mean and \
             {:.0} % interval over the worlds (Student's t)",
            outcomes.len(),
            config.compare.visitors,
            100.0 * LEVEL
        ))
        .fact(Fact::number("Slates in a log", over(outcomes, |seed| seed.logged_slates as f64)?.mean, NumberFormat::Count))
        .section(in_the_world(outcomes)?)
        .section(by_simulator(outcomes)?)
        .section(fidelity(outcomes)?)
        .section(trade_offs(outcomes)?);
    if output.json {
        return output.tell(&flat(outcomes)?, || report);
    }
    #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
    {
        println!("\n{}", report.to_markdown());
    }
    output.write_page(|| report)
}

/// What each policy is worth where the truth is known.
fn in_the_world(outcomes: &[SeedOutcome]) -> Result<Section> {
    let (best, kept) = (best_baseline(outcomes), kept(outcomes));
    let decimals = NumberFormat::Decimals(2);
    let columns = vec![
        Column::text("policy"),
        Column::number("return", decimals),
        Column::number(format!("gain on {}", POLICIES[best].0), decimals),
        Column::number("share of the bound", NumberFormat::Percent(0)),
    ];
    let mut table = Table::new(columns);
    let mut plot = BarPlot::forest("Long-term return in the planted worlds", "return per visitor", decimals);
    for (policy, (name, kind)) in POLICIES.iter().enumerate() {
        let value = in_world(outcomes, policy, |judged| judged.value)?;
        table = table.row([
            Cell::Text((*name).to_owned()),
            Cell::Interval(value),
            if policy == best { Cell::Empty } else { Cell::Interval(gain(outcomes, policy, best)?) },
            Cell::Number(over(outcomes, |seed| seed.policies[policy].world.value / seed.bound)?.mean),
        ]);
        if policy == kept {
            table = table.emphasised();
        }
        let bar = Bar::interval(*name, &value);
        plot = plot.bar(if *kind == Kind::Learned { bar.highlighted() } else { bar });
    }
    let bound = over(outcomes, |seed| seed.bound)?;
    let table = table.caption(format!(
        "No policy can be worth more than the bound, {:.2} on average. The emphasised policy \
         is the one chosen without the truth: its lowest value in the ensemble of fitted simulators is highest.",
        bound.mean
    ));
    Ok(Section::new("world", "In the planted worlds")
        .block(Block::Table(table))
        .block(Block::Plot(Plot::Bar(plot.reference("bound", bound.mean))))
        .block(Block::Table(of_tasks(outcomes, kept)?)))
}

/// What visitors did under each policy, and what they were shown.
fn of_tasks(outcomes: &[SeedOutcome], kept: usize) -> Result<Table> {
    let (tasks, decimals) = (&outcomes[0].tasks, NumberFormat::Decimals(2));
    let mut columns = vec![Column::text("policy")];
    columns.extend(tasks.iter().map(|task| Column::number(task.clone(), decimals)));
    columns.push(Column::number("visits", decimals));
    columns.push(Column::number("coverage", NumberFormat::Percent(0)));
    columns.push(Column::number("diversity", decimals));
    let mut table = Table::new(columns).caption(
        "Feedback and visits per visitor. Coverage: share of all items shown to anybody; diversity of a slate's topics, 0 to 1.",
    );
    for (policy, (name, _)) in POLICIES.iter().enumerate() {
        let mut row = vec![Cell::Text((*name).to_owned())];
        for task in 0..tasks.len() {
            row.push(Cell::Number(in_world(outcomes, policy, |judged| judged.feedback[task])?.mean));
        }
        for of in
            [|judged: &Judged| judged.visits, |judged: &Judged| judged.coverage, |judged: &Judged| judged.diversity]
        {
            row.push(Cell::Number(in_world(outcomes, policy, of)?.mean));
        }
        table = table.row(row);
        if policy == kept {
            table = table.emphasised();
        }
    }
    Ok(table)
}

/// The same policies in simulators of different fidelity.
fn by_simulator(outcomes: &[SeedOutcome]) -> Result<Section> {
    let decimals = NumberFormat::Decimals(2);
    let mut table = Table::new(vec![
        Column::text("policy"),
        Column::number("learners' simulator", decimals),
        Column::number("lowest of the ensemble", decimals),
        Column::number("judge's simulator", decimals),
        Column::number("planted world", decimals),
        Column::number("learners' − world", decimals),
    ]);
    for (policy, (name, _)) in POLICIES.iter().enumerate().filter(|(_, (_, kind))| *kind != Kind::Reference) {
        let of = |pick: fn(&Outcome) -> Option<f64>| {
            over(outcomes, |seed| pick(&seed.policies[policy]).unwrap_or(f64::NAN)).map(Cell::Interval)
        };
        table = table.row([
            Cell::Text((*name).to_owned()),
            of(|outcome| outcome.learner.as_ref().map(|judged| judged.value))?,
            of(|outcome| outcome.cautious)?,
            of(|outcome| outcome.judge.as_ref().map(|judged| judged.value))?,
            of(|outcome| Some(outcome.world.value))?,
            of(|outcome| outcome.learner.as_ref().map(|judged| judged.value - outcome.world.value))?,
        ]);
    }
    let text = "The learners' simulator is where agents learned; the ensemble was fitted to visitors drawn with replacement; the judge's \
                was fitted to held-out visitors. What a policy seems to be worth where it learned, less what it is worth, is what the \
                simulator flatters.";
    Ok(Section::new("simulators", "By simulator").paragraph(text).block(Block::Table(table)))
}

/// How wrong the simulators are.
fn fidelity(outcomes: &[SeedOutcome]) -> Result<Section> {
    let decimals = NumberFormat::Decimals(4);
    let mut table = Table::new(vec![
        Column::text("simulator"),
        Column::number("click log-likelihood", decimals),
        Column::number("popularity", decimals),
        Column::number("Markov", decimals),
        Column::number("visit length, KS", NumberFormat::Decimals(3)),
        Column::number("return rate", NumberFormat::Percent(1)),
        Column::number("logged", NumberFormat::Percent(1)),
        Column::number("discriminator AUC", NumberFormat::Decimals(3)),
    ]);
    for simulator in 0..outcomes[0].fidelity.len() {
        let of = |pick: fn(&slatewise_rl::feed::FeedFidelity) -> f64| {
            over(outcomes, |seed| pick(&seed.fidelity[simulator].1)).map(Cell::Interval)
        };
        table = table.row([
            Cell::Text(outcomes[0].fidelity[simulator].0.clone()),
            of(|found| found.choice_log_likelihood)?,
            of(|found| found.popularity_log_likelihood)?,
            of(|found| found.markov_log_likelihood)?,
            of(|found| found.visit_length_kolmogorov_smirnov)?,
            of(|found| found.simulated_return_rate)?,
            of(|found| found.logged_return_rate)?,
            of(|found| found.discriminator_auc.unwrap_or(f64::NAN))?,
        ]);
    }
    let text = "On held-out visitors. Log-likelihood in nats per slot shown, 0 at best. A discriminator that cannot tell simulated visits \
                from real ones has an AUC of 0.5.";
    Ok(Section::new("fidelity", "How wrong the simulators are").paragraph(text).block(Block::Table(table)))
}

/// Clicks against the last task, policy by policy.
fn trade_offs(outcomes: &[SeedOutcome]) -> Result<Section> {
    let tasks = &outcomes[0].tasks;
    let last = tasks.len() - 1;
    let title = format!("{} against {}", tasks[last], tasks[0]);
    let mut plot =
        TradeOffPlot::new(title, format!("{} per visitor", tasks[0]), format!("{} per visitor", tasks[last]));
    for (policy, (name, _)) in POLICIES.iter().enumerate() {
        let reached = |task: usize| in_world(outcomes, policy, |judged| judged.feedback[task]);
        plot = plot.point(*name, reached(0)?.mean, reached(last)?.mean);
    }
    let swept = |point: usize, task: usize| over(outcomes, |seed| seed.sweep[point].feedback[task]);
    let sweep: Vec<(f64, f64)> = (0..outcomes[0].sweep.len())
        .map(|point| Ok((swept(point, 0)?.mean, swept(point, last)?.mean)))
        .collect::<Result<_>>()?;
    let plot = plot.sweep(format!("fixed weights, {} to {}", tasks[0], tasks[last]), sweep);
    let names: Vec<&str> = plot.front().iter().map(|point| point.name.as_str()).collect();
    let said = format!(
        "Policies that no other beats in both, from few {}s to many: {}. Grey line: the multi-task model ranked by fixed weights, from all \
         on {} to all on {}.",
        tasks[0],
        names.join("; "),
        tasks[0],
        tasks[last]
    );
    Ok(Section::new("pareto", "Trade-offs between tasks").paragraph(said).block(Block::Plot(plot.into())))
}

/// Everything as numbers.
fn flat(outcomes: &[SeedOutcome]) -> Result<Flat> {
    let mut flat = Flat::default();
    flat.count("seeds", outcomes.len());
    let best = best_baseline(outcomes);
    flat.value("best_baseline", serde_json::Value::from(key(best)));
    flat.value("kept", serde_json::Value::from(key(kept(outcomes))));
    let interval = |flat: &mut Flat, name: String, interval: &Interval| {
        flat.number(name.clone(), interval.mean);
        if let Some((lower, upper)) = interval.bounds {
            flat.number(format!("{name}.lower"), lower);
            flat.number(format!("{name}.upper"), upper);
        }
    };
    interval(&mut flat, "bound".to_owned(), &over(outcomes, |seed| seed.bound)?);
    let tasks = &outcomes[0].tasks;
    for policy in 0..POLICIES.len() {
        let key = key(policy);
        interval(&mut flat, format!("{key}.return"), &in_world(outcomes, policy, |judged| judged.value)?);
        interval(&mut flat, format!("{key}.gain"), &gain(outcomes, policy, best)?);
        for (task, name) in tasks.iter().enumerate() {
            flat.number(format!("{key}.{name}"), in_world(outcomes, policy, |judged| judged.feedback[task])?.mean);
        }
        flat.number(format!("{key}.coverage"), in_world(outcomes, policy, |judged| judged.coverage)?.mean);
        flat.number(format!("{key}.diversity"), in_world(outcomes, policy, |judged| judged.diversity)?.mean);
    }
    for simulator in 0..outcomes[0].fidelity.len() {
        let name = key_of(&outcomes[0].fidelity[simulator].0);
        let of = |pick: fn(&slatewise_rl::feed::FeedFidelity) -> f64| {
            over(outcomes, |seed| pick(&seed.fidelity[simulator].1))
        };
        flat.number(format!("{name}.choice_log_likelihood"), of(|found| found.choice_log_likelihood)?.mean);
        flat.number(format!("{name}.popularity_log_likelihood"), of(|found| found.popularity_log_likelihood)?.mean);
        flat.number(format!("{name}.markov_log_likelihood"), of(|found| found.markov_log_likelihood)?.mean);
        flat.number(format!("{name}.discriminator_auc"), of(|found| found.discriminator_auc.unwrap_or(f64::NAN))?.mean);
    }
    Ok(flat)
}

fn key_of(name: &str) -> String {
    name.replace('\'', "").replace(' ', "_")
}
