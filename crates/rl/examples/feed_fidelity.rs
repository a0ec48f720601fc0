//! A planted world, a visitor fitted from its log, and how wrong the fit is: fidelity of the truth, of the fit and of two crippled fits on
//! held-out visitors; then what reference policies are worth in the truth and in the fit, beside the bound.
//!
//! ```sh
//! cargo run --release -p slatewise-rl --example feed_fidelity -- 6000 1
//! ```
//!
//! Arguments: visitors logged, seed.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::time::Instant;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_rl::Error;
use slatewise_rl::feed::*;
use slatewise_rl::tabular::DynamicProgramming;

const DISCOUNT: f64 = 0.95;
const JUDGED: u64 = 2_000;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().and_then(|x| x.parse().ok()).unwrap_or(otherwise);
    let (visitors, seed) = (number(6_000), number(1));
    let world = PlantedWorld::new(PlantedSpec::default(), &mut ChaCha8Rng::seed_from_u64(seed))?;
    let config = FeedConfig::default();
    // The logging policy likes quality, so it is better than chance and still shows everything.
    let quality = world.items().topics;
    let scores: Vec<f64> =
        (0..world.items().len() as u32).map(|i| 0.5 * f64::from(world.items().row(i)[quality])).collect();
    let mut policy = PlackettLuce::new(&scores, config.slate);
    let mut simulator = FeedSimulator::new(&world, config.clone())?;
    let start = Instant::now();
    let log = FeedLog::simulate(&mut simulator, &mut policy, visitors, seed);
    let rate = log.len() as f64 / start.elapsed().as_secs_f64();
    println!("{} slates of {visitors} visitors logged, {rate:.0} a second", log.len());
    let split = (visitors * 2 / 3) as u32;
    let (train, held_out) = (log.part(0..split), log.part(split..visitors as u32));
    let start = Instant::now();
    let fitted = FittedVisitor::fit(&train, world.items(), world.segments(), &VisitorFit::default())?;
    println!("fitted in {:.1} s; examined by position {:.3?}", start.elapsed().as_secs_f64(), fitted.examinations());
    fidelity(
        &world,
        &fitted,
        &FidelityCheck { train: &train, held_out: &held_out, config: &config },
        &mut policy,
        seed,
    )?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let members =
        FittedVisitor::ensemble(&train, (world.items(), world.segments()), &VisitorFit::default(), 5, &mut rng)?;
    values(&world, &fitted, &members, &train)?;
    exact(seed)
}

fn fidelity(
    world: &PlantedWorld,
    fitted: &FittedVisitor,
    check: &FidelityCheck<'_>,
    policy: &mut PlackettLuce,
    seed: u64,
) -> Result<(), Error> {
    let tasteless = fitted.clone().without_taste(0);
    let restless = fitted.clone().with_constant_leaving(0.3);
    let models: [(&str, &dyn VisitorModel); 4] =
        [("truth", world), ("fitted", fitted), ("no taste", &tasteless), ("constant leaving", &restless)];
    for (name, model) in models {
        let f = check.judge(model, policy, seed + 1_000)?;
        println!("\n{name}: {} slots, {} visits held out", f.impressions, f.visits);
        println!(
            "  choice {:.4} (popularity {:.4}, Markov {:.4}); leaving {:.4} (constant {:.4})",
            f.choice_log_likelihood,
            f.popularity_log_likelihood,
            f.markov_log_likelihood,
            f.leave_log_likelihood,
            f.constant_leave_log_likelihood
        );
        println!(
            "  visit length {:.2} logged, {:.2} simulated, KS {:.3}, TV {:.3}; returns {:.3} logged, {:.3} simulated",
            f.logged_visit_length,
            f.simulated_visit_length,
            f.visit_length_kolmogorov_smirnov,
            f.visit_length_total_variation,
            f.logged_return_rate,
            f.simulated_return_rate
        );
        for task in &f.calibration {
            let error = task.expected_calibration_error.unwrap_or(f64::NAN);
            println!("  {}: {:.4} predicted, {:.4} observed, ECE {error:.4}", task.task, task.predicted, task.observed);
        }
        println!("  discriminator AUC {:.3}", f.discriminator_auc.unwrap_or(f64::NAN));
    }
    Ok(())
}

/// Discounted clicks + 5 purchases + 0.5 per ad shown + 0.5 per return within a week − 0.2 per departure.
fn reward_of(world: &PlantedWorld) -> Result<FeedReward, Error> {
    let surfaces = [("ad".to_owned(), 0.5)].into();
    let spec = FeedRewardSpec { surfaces, return_bonus: 0.5, leave_cost: 0.2, ..FeedRewardSpec::default() };
    FeedReward::new(spec, world.tasks(), world.items(), "reward")
}

fn values(
    world: &PlantedWorld,
    fitted: &FittedVisitor,
    members: &[FittedVisitor],
    train: &FeedLog,
) -> Result<(), Error> {
    let (reward, config) = (reward_of(world)?, FeedConfig { horizon_days: 1_000, ..FeedConfig::default() });
    let (slots, items) = (config.slate, world.items().len());
    let (mut clicks, mut shown) = (vec![0.0; items], vec![1.0; items]);
    for (item, feedback) in train.slate.iter().zip(&train.feedback) {
        clicks[*item as usize] += f64::from(feedback & 1);
        shown[*item as usize] += 1.0;
    }
    let rate: Vec<f64> = clicks.iter().zip(&shown).map(|(clicks, shown)| clicks / shown).collect();
    let models: Vec<&dyn VisitorModel> = [world as &dyn VisitorModel, fitted]
        .into_iter()
        .chain(members.iter().map(|m| m as &dyn VisitorModel))
        .collect();
    println!("\nmean discounted return of {JUDGED} visitors: truth | fitted | five bootstrap members");
    let mut uniform = UniformSlates { items: items as u32, slate: slots };
    let mut popular = RankedSlates::new(&rate, slots);
    let named: [(&str, &mut dyn SlatePolicy); 2] = [("random", &mut uniform), ("popularity", &mut popular)];
    for (name, policy) in named {
        print!("{name}:");
        for model in &models {
            let mut simulator = FeedSimulator::new(*model, config.clone())?;
            let found = evaluate_slates(&mut simulator, policy, (&reward, DISCOUNT), JUDGED, 5);
            print!(" {:.2} ± {:.2}", found.mean(), found.standard_error());
        }
        println!();
    }
    print!("greedy by the model's own clicks:");
    for model in &models {
        let mut simulator = FeedSimulator::new(*model, config.clone())?;
        let greedy =
            |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| greedy_by_click(*model, visitor, slots, slate);
        let found = evaluate_with_truth(&mut simulator, greedy, (&reward, DISCOUNT), JUDGED, 5);
        print!(" {:.2} ± {:.2}", found.mean(), found.standard_error());
    }
    println!();
    let mut visitor = Visitor::default();
    let mut plans = Vec::new();
    for segment in 0..world.segments() as u32 {
        world.begin_typical(&mut visitor, segment);
        plans.push(RelaxedFeed::new(world, &reward, &visitor, slots, DISCOUNT)?);
    }
    let plan =
        |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| plans[visitor.state.user as usize].plan(visitor, slate);
    let mut simulator = FeedSimulator::new(world, config)?;
    let found = evaluate_with_truth(&mut simulator, plan, (&reward, DISCOUNT), JUDGED, 5);
    let bound = ValueBound::of(world, &reward, (slots, DISCOUNT), 1, &mut ChaCha8Rng::seed_from_u64(0))?;
    println!(
        "planning with the truth: {:.2} ± {:.2}; no policy exceeds {:.2}",
        found.mean(),
        found.standard_error(),
        bound.mean
    );
    Ok(())
}

/// The small world, whose optimum is known.
fn exact(seed: u64) -> Result<(), Error> {
    let world = PlantedWorld::new(PlantedSpec::small(), &mut ChaCha8Rng::seed_from_u64(seed))?;
    let reward = reward_of(&world)?;
    let exact = ExactFeed::new(&world, &reward)?;
    let solution = DynamicProgramming::new(DISCOUNT).value_iteration(exact.mdp())?;
    let (policy, optimum) = (solution.policy(), exact.start_value(solution.values()));
    let bound = ValueBound::of(&world, &reward, (1, DISCOUNT), 1, &mut ChaCha8Rng::seed_from_u64(0))?;
    let config = FeedConfig { slate: 1, horizon_days: 100_000, horizon_steps: 500, ..FeedConfig::default() };
    let mut simulator = FeedSimulator::new(&world, config)?;
    let best = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| {
        slate.clear();
        slate.push(policy[exact.state(visitor)] as u32);
        1.0
    };
    let best = evaluate_with_truth(&mut simulator, best, (&reward, DISCOUNT), 10_000, 7);
    let greedy = |visitor: &Visitor, slate: &mut Vec<u32>, _: &mut _| greedy_by_click(&world, visitor, 1, slate);
    let greedy = evaluate_with_truth(&mut simulator, greedy, (&reward, DISCOUNT), 10_000, 7);
    println!("\nsmall world, {} states: optimum {optimum:.4}, bound {:.4}", exact.mdp().states(), bound.mean);
    println!(
        "  simulated: optimal policy {:.3} ± {:.3}, greedy by click {:.3} ± {:.3}",
        best.mean(),
        best.standard_error(),
        greedy.mean(),
        greedy.standard_error()
    );
    Ok(())
}
