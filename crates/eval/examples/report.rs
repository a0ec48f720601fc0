//! Writes a sample report with every kind of block: `cargo run -p slatewise-eval --example report -- report.html`.
//!
//! The numbers are made up; the road from predictions to the page is the real one. The ending of the path picks the rendering:
//! `.html`, `.md` or `.json`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_eval::interval::{bootstrap_interval, student_t_interval};
use slatewise_eval::prediction::BinarySummary;
use slatewise_eval::report::{
    Bar, BarPlot, Block, Callout, Cell, Column, Fact, Histogram, LinePlot, NumberFormat, Plot, ReliabilityPlot, Report,
    Section, Series, Table,
};
use slatewise_eval::{Interval, Predictions};

/// Policies of the sample with their mean return.
const POLICIES: [(&str, f64); 7] = [
    ("random", 1.42),
    ("popularity", 1.71),
    ("first-order Markov chain over listings", 2.31),
    ("greedy by the multi-task model", 2.38),
    ("tabular Q-learning", 2.27),
    ("SARSA", 2.25),
    ("DQN on the shared representation", 2.52),
];

fn main() -> Result<()> {
    let path = PathBuf::from(std::env::args_os().nth(1).context("usage: report PATH (.html, .md or .json)")?);
    let report = sample(&mut ChaCha8Rng::seed_from_u64(7))?;
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => report.to_html()?,
        Some("md") => report.to_markdown(),
        Some("json") => report.to_json(),
        _ => bail!("{}: end the path in .html, .md or .json", path.display()),
    };
    std::fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
}

fn sample(rng: &mut impl Rng) -> Result<Report> {
    let tasks = [
        ("click", task(0.07, 0.9, rng)?),
        ("sale click", task(0.12, 1.1, rng)?),
        ("session goes on", task(0.83, 1.0, rng)?),
        ("premium product next", task(0.45, 1.25, rng)?),
    ];
    let returns = POLICIES
        .iter()
        .map(|&(name, mean)| {
            let seeds: Vec<f64> = (0..5).map(|_| mean + 0.06 * normal(rng)).collect();
            Ok((name, student_t_interval(&seeds, 0.95)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let best = returns.last().context("policies")?.1;
    Ok(Report::new("From clicks to a judged policy")
        .subtitle("E-shop clickstream · MMoE trunk, DQN policy · seed 7")
        .fact(Fact::number("Sessions", 24_026.0, NumberFormat::Count).note("4,702 held out for the test"))
        .fact(Fact::number("Impressions rebuilt", 2_795_813.0, NumberFormat::Count))
        .fact(Fact::number("Click AUC", tasks[0].1.roc_auc, NumberFormat::Decimals(3)))
        .fact(Fact::number("HR@10, next product", 0.5421, NumberFormat::Percent(1)).note("Markov chain: 53.9 %"))
        .fact(Fact::number("Return per session", best, NumberFormat::Decimals(2)).note("best policy, 5 seeds"))
        .section(data(rng))
        .section(training(rng))
        .section(prediction(&tasks))
        .section(ranking(rng)?)
        .section(policies(&returns, rng))
        .section(assumptions()))
}

fn data(rng: &mut impl Rng) -> Section {
    let lengths: Vec<f64> = (0..4000).map(|_| (-8.0 * (1.0 - rng.random::<f64>()).ln()).ceil().min(40.0)).collect();
    let counts = Table::new(vec![
        Column::text("Step"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("Share", NumberFormat::Percent(2)),
        Column::text("What happened"),
    ])
    .row(["read".into(), 165_474.0.into(), 1.0.into(), "one click each".into()])
    .row(["repaired".into(), 1.0.into(), (1.0 / 165_474.0).into(), "category of A18 set to its majority value".into()])
    .row(["quarantined".into(), 0.0.into(), 0.0.into(), Cell::Empty])
    .row(["kept".into(), 165_474.0.into(), 1.0.into(), "expanded to 2,795,813 impressions".into()])
    .emphasised();
    Section::new("data", "Data quality")
        .paragraph(
            "Every click names the listing page it was made on, and every product has one page and one place. So a click tells \
             which other products stood beside it: the slate is rebuilt as one choice among 5 to 19 products.",
        )
        .block(Block::Table(counts))
        .block(Block::Row(vec![
            Histogram::of("Clicks per session", "clicks", &lengths, 20).into(),
            Histogram::of("Days between visits", "days", &[], 20).caption("The log has no user ids.").into(),
        ]))
}

fn training(rng: &mut impl Rng) -> Section {
    let curve = |name: &str, last: f64, rng: &mut dyn FnMut() -> f64| {
        let value = |epoch: f64| last - 0.09 * (-0.5 * epoch).exp();
        Series::new(name, (1..=12).map(|e| (f64::from(e), value(f64::from(e)) + 0.002 * rng())).collect())
    };
    let mut noise = || normal(rng);
    let auc = LinePlot::new("Validation AUC per task", "epoch", "AUC")
        .series(curve("click", 0.712, &mut noise))
        .series(curve("sale click", 0.704, &mut noise))
        .series(curve("session goes on", 0.634, &mut noise))
        .series(curve("premium product next", 0.788, &mut noise))
        .series(Series::new("next product", vec![]))
        .caption("Next product is a choice among all items, so it has no AUC; see Ranking.");
    let loss = |name: &str, start: f64| {
        Series::new(
            name,
            (1..=12).map(|e| (f64::from(e), start * (0.75 + 0.25 * (-0.4 * f64::from(e)).exp()))).collect(),
        )
    };
    Section::new("training", "Training").block(Block::Plot(auc.into())).block(Block::Row(vec![
        LinePlot::new("Training loss", "epoch", "nats")
            .series(loss("click", 0.25))
            .series(loss("goes on", 0.45))
            .into(),
        LinePlot::new("Gate entropy", "epoch", "share of its maximum").series(loss("expert gate", 1.0)).into(),
    ]))
}

fn prediction(tasks: &[(&str, BinarySummary)]) -> Section {
    let four = NumberFormat::Decimals(4);
    let mut table = Table::new(vec![
        Column::text("Task"),
        Column::number("Rows", NumberFormat::Count),
        Column::number("Positives", NumberFormat::Percent(1)),
        Column::number("AUC", four),
        Column::number("Log loss", four),
        Column::number("Normalised entropy", four),
        Column::number("Predicted / observed", NumberFormat::Decimals(3)),
        Column::number("ECE", four),
    ]);
    for (name, summary) in tasks {
        table = table.row([
            (*name).into(),
            summary.rows.into(),
            summary.positive_rate.into(),
            summary.roc_auc.into(),
            summary.log_loss.into(),
            summary.normalised_entropy.into(),
            summary.calibration_ratio.into(),
            summary.ece_equal_mass.into(),
        ]);
    }
    let table = table
        .row([
            "purchase".into(),
            0.0.into(),
            Cell::undefined("the log has no purchases"),
            Cell::undefined("no row has label 1"),
            f64::NAN.into(),
        ])
        .caption("Held-out sessions. ECE over ten bins of equal mass. A task with a single class has no AUC.");
    let diagram =
        tasks[1..].iter().fold(ReliabilityPlot::new("Calibration of the follow-up tasks"), |plot, (name, s)| {
            plot.task(*name, s.reliability.clone())
        });
    Section::new("prediction", "Prediction").block(Block::Table(table)).block(Block::Row(vec![
        ReliabilityPlot::new("Calibration of click").task("click", tasks[0].1.reliability.clone()).into(),
        diagram.caption("A dot on the dashed line keeps its promise; its area grows with the rows behind it.").into(),
    ]))
}

fn ranking(rng: &mut impl Rng) -> Result<Section> {
    let per_session: Vec<f64> = (0..2000).map(|_| f64::from(u8::from(rng.random::<f64>() < 0.542))).collect();
    let ours = bootstrap_interval(&per_session, 0.95, 500, rng)?;
    let columns = vec![
        Column::text("Ranker"),
        Column::number("HR@10", NumberFormat::Decimals(4)).highest(),
        Column::number("NDCG@10", NumberFormat::Decimals(4)).highest(),
        Column::number("MRR", NumberFormat::Decimals(4)).highest(),
    ];
    let table = Table::new(columns)
        .row(["popularity".into(), 0.1388.into(), 0.0670.into(), 0.0644.into()])
        .row(["first-order Markov chain".into(), 0.5385.into(), 0.3142.into(), 0.2635.into()])
        .row(["multi-task model".into(), ours.into(), 0.3168.into(), 0.2662.into()])
        .emphasised()
        .caption("28,157 transitions, 217 candidates each. Interval: percentile bootstrap over sessions, 95 %.");
    let bars = BarPlot::new("Catalogue coverage at 10", "share of products ever shown", NumberFormat::Percent(1))
        .bar(Bar::new("popularity", 0.046))
        .bar(Bar::new("first-order Markov chain over the products of a session", 0.97))
        .bar(Bar::new("multi-task model", 0.91).highlighted())
        .bar(Bar::new("not fitted", f64::NAN))
        .sorted();
    let diversity =
        BarPlot::new("Diversity within a list", "mean share of attributes that differ", NumberFormat::Decimals(2))
            .bar(Bar::new("popularity", 0.71))
            .bar(Bar::new("first-order Markov chain over the products of a session", 0.58))
            .bar(Bar::new("multi-task model", 0.62).highlighted())
            .sorted();
    Ok(Section::new("ranking", "Ranking and catalogue")
        .block(Block::Table(table))
        .block(Block::Row(vec![bars.into(), diversity.into()])))
}

fn policies(returns: &[(&str, Interval)], rng: &mut impl Rng) -> Section {
    let curve = |name: &str, last: f64, rng: &mut dyn FnMut() -> f64| {
        let points: Vec<_> = (0..=40)
            .map(|i| (f64::from(i) * 500.0, last - (last - 1.4) * (-0.12 * f64::from(i)).exp() + 0.015 * rng()))
            .collect();
        let band = points.iter().map(|&(_, y)| (y - 0.08, y + 0.08)).collect();
        Series::new(name, points).band(band)
    };
    let mut noise = || normal(rng);
    let curves = LinePlot::new("Learning curves in the simulator", "episodes", "return per session")
        .series(curve("DQN", 2.52, &mut noise))
        .series(curve("Q-learning", 2.27, &mut noise))
        .series(curve("SARSA", 2.25, &mut noise))
        .caption("Mean over five seeds; the band is the 95 % interval.");
    let mut forest = BarPlot::forest("Return per held-out session", "return", NumberFormat::Decimals(2))
        .reference("logged behaviour", 2.2)
        .caption("Five seeds each, Student's t interval at 95 %.")
        .sorted();
    let columns = vec![
        Column::text("Policy"),
        Column::number("Return per session", NumberFormat::Decimals(2)).highest(),
        Column::number("Seeds", NumberFormat::Count),
    ];
    let mut table = Table::new(columns);
    for (name, interval) in returns {
        let bar = Bar::interval(*name, interval);
        forest = forest.bar(if name.starts_with("DQN") { bar.highlighted() } else { bar });
        table = table.row([(*name).into(), (*interval).into(), interval.samples.into()]);
    }
    Section::new("policies", "Policies")
        .block(Block::Plot(curves.into()))
        .block(Block::Plot(Plot::Bar(forest)))
        .block(Block::Table(table.emphasised()))
}

fn assumptions() -> Section {
    Section::new("assumptions", "Assumptions")
        .block(Block::Callout(Callout::warning(
            "What was shown is rebuilt, not logged",
            "The log holds clicks only. That all products of a listing page were seen is taken for granted; a click rate is a rate \
             per rebuilt impression.",
        )))
        .block(Block::Callout(Callout::info(
            "Policies are judged in a simulator",
            "It was fitted on held-out sessions, which no policy was trained on. It knows only what the log knows.",
        )))
        .block(Block::Facts(vec![
            Fact::new("Train", "1 Apr – 30 Jun 2008"),
            Fact::new("Validation", "1 – 15 Jul 2008"),
            Fact::new("Test", "16 Jul – 13 Aug 2008"),
        ]))
}

/// A task with some base rate, whose score is the true probability raised to a power: above 1 it promises too little.
fn task(rate: f64, power: f64, rng: &mut impl Rng) -> Result<BinarySummary> {
    let logit = (rate / (1.0 - rate)).ln();
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..20_000 {
        let probability = 1.0 / (1.0 + (-(logit + 0.9 * normal(rng))).exp());
        labels.push(rng.random::<f64>() < probability);
        scores.push(probability.powf(power) as f32);
    }
    Ok(BinarySummary::new(&Predictions::new(&scores, &labels)?))
}

/// A standard normal draw (Box & Muller 1958).
fn normal(rng: &mut impl Rng) -> f64 {
    let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
