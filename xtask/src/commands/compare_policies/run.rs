//! One seed of the comparison: a world, a log of it, models and simulators from the log alone, agents that learn there, the judgement.
//!
//! ```text
//! PlantedWorld ──logging policy──▶ log ─┬─ visitors 0 .. N      ─▶ ResponseScores (click alone; all tasks), FittedVisitor, ensemble
//!                                       │                              agents learn in the FittedVisitor
//!                                       └─ held-out visitors     ─▶ fidelity of the simulators; the judge's FittedVisitor
//! policies ──▶ judged in: the learners' simulator, the ensemble, the judge's simulator, the planted world (the truth)
//! ```

use anyhow::Result;
use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use slatewise_rl::deep::fusion::{FusionForm, FusionGrid};
use slatewise_rl::feed::{
    FeedFidelity, FeedLog, FeedReward, FeedSimulator, FidelityCheck, FittedVisitor, PlackettLuce, PlantedWorld,
    RelaxedFeed, SlatePolicy, UniformSlates, ValueBound, Visitor, VisitorModel, evaluate_with_truth,
};
use slatewise_rl::feed_agents::{
    AgentReward, ChosenSlates, FeedAgent, FeedCells, FeedEncoding, FixedFusion, FusionCritics, FusionQ, Greedy, ItemQ,
    MarkovSlates, ResponseScores, SurfaceQ, learn,
};

use super::config::CompareConfig;
use super::judge::{Bench, Judged};
use crate::seeds::Seeds;

/// The policies, in the order of the table.
pub(super) const POLICIES: [(&str, Kind); 12] = [
    ("random", Kind::Baseline),
    ("popularity", Kind::Baseline),
    ("Markov", Kind::Baseline),
    ("greedy, single task", Kind::Baseline),
    ("multi-task, fixed weights", Kind::Baseline),
    ("multi-task, weights by critics", Kind::Learned),
    ("policy over fusion weights", Kind::Learned),
    ("policy over surfaces", Kind::Learned),
    ("policy over items", Kind::Learned),
    ("policy over slates", Kind::Learned),
    ("greedy by click, knows the truth", Kind::Reference),
    ("planner, knows the truth", Kind::Reference),
];

/// What a policy is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Kind {
    /// Without learning from what follows.
    Baseline,
    /// Learned in the fitted simulator.
    Learned,
    /// Sees what nobody sees.
    Reference,
}

/// One policy, in every simulator; the references in the world alone.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) world: Judged,
    pub(super) learner: Option<Judged>,
    pub(super) judge: Option<Judged>,
    /// Lowest value among the ensemble.
    pub(super) cautious: Option<f64>,
}

/// One seed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SeedOutcome {
    /// As [`POLICIES`].
    pub(super) policies: Vec<Outcome>,
    /// The multi-task model ranked by fixed weights, from all on the click to all on the last task, in the world.
    pub(super) sweep: Vec<Judged>,
    /// No policy is worth more in the world.
    pub(super) bound: f64,
    /// Of the learners' simulator, the judge's, and the world itself, on held-out visitors.
    pub(super) fidelity: Vec<(String, FeedFidelity)>,
    /// Names of the feedback.
    pub(super) tasks: Vec<String>,
    /// Slates in the log.
    pub(super) logged_slates: usize,
}

/// All that was made of one log.
struct Made<'a> {
    world: &'a PlantedWorld,
    learner: FittedVisitor,
    judge: FittedVisitor,
    ensemble: Vec<FittedVisitor>,
    reward: &'a FeedReward,
    bench: Bench<'a>,
}

impl Made<'_> {
    fn outcome(&self, policy: &mut dyn SlatePolicy) -> Result<Outcome> {
        // Fewer visitors each: together as many as elsewhere.
        let each = Bench { visitors: self.bench.visitors.div_ceil(self.ensemble.len() as u64), ..self.bench };
        let mut cautious = f64::INFINITY;
        for member in &self.ensemble {
            cautious = cautious.min(each.judge(member, policy)?.value);
        }
        Ok(Outcome {
            world: self.bench.judge(self.world, policy)?,
            learner: Some(self.bench.judge(&self.learner, policy)?),
            judge: Some(self.bench.judge(&self.judge, policy)?),
            cautious: Some(cautious),
        })
    }

    /// A policy that sees hidden traits.
    fn with_truth(&self, choose: impl Fn(&Visitor, &mut Vec<u32>) -> f64) -> Result<Outcome> {
        let mut simulator = FeedSimulator::new(self.world, self.bench.feed.clone())?;
        let mut shown = vec![false; self.world.items().len()];
        let mut look = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut ChaCha8Rng| {
            let propensity = choose(visitor, slate);
            slate.iter().for_each(|&item| shown[item as usize] = true);
            propensity
        };
        let (reward, Bench { visitors, seed, .. }) = ((self.reward, self.bench.discount), self.bench);
        let values = evaluate_with_truth(&mut simulator, &mut look, reward, visitors, seed);
        let coverage = shown.iter().filter(|shown| **shown).count() as f64 / shown.len() as f64;
        let world = self.bench.judged(&values, coverage);
        Ok(Outcome { world, learner: None, judge: None, cautious: None })
    }
}

/// Runs one seed.
pub(super) fn run_seed(config: &CompareConfig, number: u64, device: &Device) -> Result<SeedOutcome> {
    let seeds = Seeds(Seeds(config.seed).number(&format!("world {number}")));
    let world = PlantedWorld::new(config.world.clone(), &mut seeds.stream("world"))?;
    let (items, segments, slots) = (world.items(), world.segments(), config.feed.slate);
    let reward = FeedReward::new(config.reward.clone(), world.tasks(), items, "reward")?;

    let mut logging = logging_policy(config, &world, &mut seeds.stream("logging"));
    let mut simulator = FeedSimulator::new(&world, config.feed.clone())?;
    let visitors = config.log.visitors + config.log.held_out;
    let log = FeedLog::simulate(&mut simulator, &mut logging, visitors, seeds.number("log"));
    let train = log.part(0..config.log.visitors as u32);
    let held_out = log.part(config.log.visitors as u32..visitors as u32);

    let learner = FittedVisitor::fit(&train, items, segments, &config.fit)?;
    let judge = FittedVisitor::fit(&held_out, items, segments, &config.fit)?;
    let members = (config.compare.ensemble, &mut seeds.stream("ensemble"));
    let ensemble = FittedVisitor::ensemble(&train, (items, segments), &config.fit, members.0, members.1)?;
    let check = FidelityCheck { train: &train, held_out: &held_out, config: &config.feed };
    let fidelity = vec![
        ("the learners' simulator".to_owned(), check.judge(&learner, &mut logging, seeds.number("fidelity"))?),
        ("the truth".to_owned(), check.judge(&world, &mut logging, seeds.number("fidelity"))?),
    ];
    let bench = Bench {
        feed: &config.feed,
        reward: &reward,
        discount: config.discount,
        visitors: config.compare.visitors,
        seed: seeds.number("judged visitors"),
    };
    let made = Made { world: &world, learner, judge, ensemble, reward: &reward, bench };
    let bound = ValueBound::of(&world, &reward, (slots, config.discount), 64, &mut seeds.stream("bound"))?.mean;

    let model = |tasks: &[usize], name: &str| {
        let rng = &mut seeds.stream(name);
        ResponseScores::learn(&train, (items, segments), tasks, &config.scores, (device, rng))
    };
    let all: Vec<usize> = (0..world.tasks().len()).collect();
    let (single, multi) = (model(&[0], "single task")?, model(&all, "multi task")?);
    let worth = reward.weights()[..all.len()].to_vec();

    let counted = MarkovSlates::count(&train, items, slots, config.feed.recent);
    let mut policies = vec![
        made.outcome(&mut UniformSlates { items: items.len() as u32, slate: slots })?,
        made.outcome(&mut counted.popular())?,
        made.outcome(&mut counted.clone())?,
        made.outcome(&mut FixedFusion::new(&single, FusionForm::Linear, vec![1.0], slots))?,
        made.outcome(&mut FixedFusion::new(&multi, FusionForm::Linear, worth, slots))?,
    ];
    let sweep = sweep(&made, &multi, slots)?;
    for name in ["critics", "fusion", "surfaces", "items", "slates"] {
        let mut agent = agent(name, config, &multi, &made, (seeds, device))?;
        let mut simulator = FeedSimulator::new(&made.learner, config.feed.clone())?;
        learn(&mut *agent, &mut simulator, config.agents.visitors, seeds.number(&format!("learn {name}")));
        policies.push(made.outcome(&mut Greedy(&mut *agent))?);
    }
    policies
        .push(made.with_truth(|visitor, slate| slatewise_rl::feed::greedy_by_click(&world, visitor, slots, slate))?);
    policies.push(planner(&made, slots)?);
    Ok(SeedOutcome { policies, sweep, bound, fidelity, tasks: log.tasks.clone(), logged_slates: log.len() })
}

/// Steps of the sweep beside its first point.
const SWEEP: u32 = 5;

fn sweep(made: &Made<'_>, scores: &ResponseScores, slots: usize) -> Result<Vec<Judged>> {
    let judged = |point: u32| {
        let share = f64::from(point) / f64::from(SWEEP);
        let mut weights = vec![0.0; scores.tasks()];
        weights[0] = 1.0 - share;
        weights[scores.tasks() - 1] += share;
        made.bench.judge(made.world, &mut FixedFusion::new(scores, FusionForm::Linear, weights, slots))
    };
    (0..=SWEEP).map(judged).collect()
}

/// Slates filled in proportion to e^(preference · standard normal): popular items are shown more often, none never.
fn logging_policy(config: &CompareConfig, world: &PlantedWorld, rng: &mut ChaCha8Rng) -> PlackettLuce {
    use rand::RngExt as _;
    // The sum of twelve uniform numbers less six has mean 0 and variance 1.
    let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let scores: Vec<f64> = (0..world.items().len()).map(|_| config.log.preference * normal()).collect();
    PlackettLuce::new(&scores, config.feed.slate)
}

/// An agent that has learned nothing yet.
fn agent<'a>(
    name: &str,
    config: &CompareConfig,
    scores: &'a ResponseScores,
    made: &'a Made<'_>,
    (seeds, device): (Seeds, &Device),
) -> Result<Box<dyn FeedAgent + 'a>> {
    let (items, segments) = (made.world.items(), made.world.segments());
    let (slots, settings) = (config.feed.slate, &config.agents);
    let reward = AgentReward { reward: made.reward, discount: config.discount };
    let cells = (FeedCells::new(items, segments), settings.tabular);
    let encoding = FeedEncoding::new(items, segments);
    let explores = (slots, settings.epsilon);
    let rng = &mut seeds.stream(name);
    let draw = (device, rng);
    Ok(match name {
        "critics" => {
            let config = settings.rmtl.clone();
            Box::new(FusionCritics::new((scores, settings.form), (encoding, config), reward, slots, draw))
        }
        "fusion" => {
            let grid = FusionGrid::simplex(scores.tasks(), settings.grid_steps)?;
            Box::new(FusionQ::new((scores, settings.form), grid, cells, reward, explores))
        }
        "surfaces" => Box::new(SurfaceQ::new(scores, items, cells, reward, explores)),
        "items" => Box::new(ItemQ::new(items, (encoding, settings.dqn.clone()), reward, explores, draw)?),
        _ => {
            let positions = (0..slots).map(|position| made.learner.examination(position)).collect();
            let settings_of = settings.slate_q.clone();
            let explores = (positions, settings.epsilon);
            Box::new(ChosenSlates::new((scores, items), (encoding, settings_of), reward, explores, draw)?)
        }
    })
}

/// The planner of the bound, for visitors without hidden deviation.
fn planner(made: &Made<'_>, slots: usize) -> Result<Outcome> {
    let mut typical = Visitor::default();
    let mut plans = Vec::new();
    for segment in 0..made.world.segments() {
        made.world.begin_typical(&mut typical, segment as u32);
        plans.push(RelaxedFeed::new(made.world, made.reward, &typical, slots, made.bench.discount)?);
    }
    made.with_truth(|visitor, slate| plans[visitor.state.user as usize].plan(visitor, slate))
}
