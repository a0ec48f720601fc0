//! Offline learners on the log of a known decision process: 4 states, 3 actions, every probability a multiple of 1/4, so that a
//! finite log has exactly the true frequencies. Every fixed point is computed a second time, another way, and agrees to 1e-9.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use serde_json::Value;
use slatewise_rl::Transition;
use slatewise_rl::offline::tabular::{
    BehaviorCloning, DiscreteBcq, DiscreteCql, FittedQEvaluation, FittedQIteration, Iql, OfflineSolution, TabularLog,
    TabularPolicy,
};

const STATES: usize = 4;
const ACTIONS: usize = 3;
const DISCOUNT: f64 = 0.9;
/// What the solvers promise is 1e-10.
const TOLERANCE: f64 = 1e-9;

/// An outcome of probability 1/4: next state, reward, end.
type Quarter = (usize, f64, bool);

/// State, action, how many times four rows the log holds, and what they led to.
type Pair = (usize, usize, usize, [Quarter; 4]);

/// Actions 1 of state 1 and 2 of state 3 never occur. State 0's counts are 1 : 2 : 5, hence 0.2 and 0.4 of the most frequent.
const PLAN: [Pair; 10] = [
    (0, 0, 1, [(1, 3.0, false), (1, 3.0, false), (2, -1.0, false), (0, 0.5, false)]),
    (0, 1, 2, [(0, 0.0, false), (0, 0.0, false), (3, 2.0, false), (3, 1.0, true)]),
    (0, 2, 5, [(2, 1.0, false), (2, 1.0, false), (2, 1.0, false), (2, 1.0, false)]),
    (1, 0, 3, [(3, 0.0, false), (3, 4.0, false), (1, 0.0, false), (0, 0.0, true)]),
    (1, 2, 1, [(0, 6.0, false), (0, 2.0, false), (2, 0.0, true), (2, 0.0, true)]),
    (2, 0, 1, [(2, 1.5, false), (2, 1.5, false), (3, 0.0, false), (1, 0.0, false)]),
    (2, 1, 3, [(0, -1.0, false), (1, 0.0, false), (1, 1.0, false), (1, 1.0, false)]),
    (2, 2, 4, [(3, 0.5, false), (3, 0.5, true), (3, 0.5, false), (2, 0.5, false)]),
    (3, 0, 2, [(3, 1.0, true), (3, 1.0, true), (0, 0.0, false), (0, 0.0, false)]),
    (3, 1, 1, [(1, -2.0, false), (1, -2.0, false), (1, -2.0, false), (0, 5.0, false)]),
];

fn log_with(reward: impl Fn(&Pair, f64) -> f64) -> TabularLog {
    let mut rows = Vec::new();
    for pair in &PLAN {
        let &(observation, action, times, quarters) = pair;
        for (next_observation, drawn, done) in quarters.repeat(times) {
            let discount = if done { 0.0 } else { 1.0 };
            let reward = reward(pair, drawn);
            rows.push(Transition { observation, action, reward, discount, next_observation, next_action: None });
        }
    }
    TabularLog::new(STATES, ACTIONS, &rows).unwrap()
}

fn log() -> TabularLog {
    log_with(|_, drawn| drawn)
}

/// The truth, read off the plan.
struct Truth {
    /// Whether the log shows the pair.
    shown: [[bool; ACTIONS]; STATES],
    reward: [[f64; ACTIONS]; STATES],
    /// Probability of going on in each state.
    next: [[[f64; STATES]; ACTIONS]; STATES],
    behavior: [[f64; ACTIONS]; STATES],
}

type Table = [[f64; ACTIONS]; STATES];

fn truth() -> Truth {
    let mut truth = Truth {
        shown: Default::default(),
        reward: Default::default(),
        next: Default::default(),
        behavior: Default::default(),
    };
    for (s, a, times, quarters) in PLAN {
        truth.shown[s][a] = true;
        let all: usize = PLAN.iter().filter(|pair| pair.0 == s).map(|pair| pair.2).sum();
        truth.behavior[s][a] = times as f64 / all as f64;
        for (next, reward, done) in quarters {
            truth.reward[s][a] += reward / 4.0;
            truth.next[s][a][next] += if done { 0.0 } else { 0.25 };
        }
    }
    truth
}

impl Truth {
    fn backup(&self, values: &[f64; STATES]) -> Table {
        let mut q = self.reward;
        for (s, a, ..) in PLAN {
            q[s][a] += DISCOUNT * (0..STATES).map(|next| self.next[s][a][next] * values[next]).sum::<f64>();
        }
        q
    }

    /// V with V(s) = Σ_a w(s, a) Q(s, a) / Σ_a w(s, a): one linear equation per state.
    fn weighed_values(&self, weights: &Table) -> [f64; STATES] {
        let mut equations = [[0.0; STATES + 1]; STATES];
        for (s, equation) in equations.iter_mut().enumerate() {
            let sum: f64 = weights[s].iter().sum();
            equation[s] = 1.0;
            for (a, weight) in weights[s].iter().enumerate() {
                let weight = weight / sum;
                (0..STATES).for_each(|next| equation[next] -= DISCOUNT * weight * self.next[s][a][next]);
                equation[STATES] += weight * self.reward[s][a];
            }
        }
        eliminate(equations)
    }

    /// The best of all policies that always take one allowed action.
    fn best_values(&self, allowed: impl Fn(usize, usize) -> bool) -> [f64; STATES] {
        let mut best = [f64::NEG_INFINITY; STATES];
        for code in 0..ACTIONS.pow(STATES as u32) {
            let mut policy = Table::default();
            let actions: Vec<usize> = (0..STATES).map(|s| code / ACTIONS.pow(s as u32) % ACTIONS).collect();
            if actions.iter().enumerate().all(|(s, &a)| allowed(s, a)) {
                actions.iter().enumerate().for_each(|(s, &a)| policy[s][a] = 1.0);
                let values = self.weighed_values(&policy);
                best.iter_mut().zip(values).for_each(|(best, value)| *best = best.max(value));
            }
        }
        best
    }

    /// V of IQL: the pattern of "Q above V" that agrees with itself, found among all patterns.
    fn expectile_values(&self, tau: f64) -> [f64; STATES] {
        let mut found = Vec::new();
        for pattern in 0..1_usize << PLAN.len() {
            let mut weights = self.behavior;
            for (place, (s, a, ..)) in PLAN.iter().enumerate() {
                weights[*s][*a] *= if pattern >> place & 1 == 1 { tau } else { 1.0 - tau };
            }
            let values = self.weighed_values(&weights);
            let q = self.backup(&values);
            let agrees = |(place, (s, a, ..)): (usize, &Pair)| (q[*s][*a] > values[*s]) == (pattern >> place & 1 == 1);
            if PLAN.iter().enumerate().all(agrees) {
                found.push(values);
            }
        }
        assert_eq!(found.len(), 1, "patterns that agree with themselves: {found:?}");
        found[0]
    }

    /// Q of CQL by following its gradient, all pairs at once, without a thought of structure.
    fn conservative_by_descent(&self, alpha: f64) -> Table {
        let mut q = Table::default();
        for _ in 0..60_000 {
            let mut values = [f64::NEG_INFINITY; STATES];
            let mut sums = [0.0; STATES];
            for (s, a, ..) in PLAN {
                values[s] = values[s].max(q[s][a]);
                sums[s] += q[s][a].exp();
            }
            let targets = self.backup(&values);
            for (s, a, ..) in PLAN {
                let pushed = alpha * (q[s][a].exp() / sums[s] - self.behavior[s][a]);
                q[s][a] -= 0.1 * (pushed + self.behavior[s][a] * (q[s][a] - targets[s][a]));
            }
        }
        q
    }
}

/// Gaussian elimination with the largest pivot.
fn eliminate(mut rows: [[f64; STATES + 1]; STATES]) -> [f64; STATES] {
    for column in 0..STATES {
        let pivot = (column..STATES).max_by(|&x, &y| rows[x][column].abs().total_cmp(&rows[y][column].abs())).unwrap();
        rows.swap(column, pivot);
        let pivot = rows[column];
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != column) {
            let share = row[column] / pivot[column];
            row.iter_mut().zip(pivot).for_each(|(cell, of_pivot)| *cell -= share * of_pivot);
        }
    }
    std::array::from_fn(|s| rows[s][STATES] / rows[s][s])
}

fn close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let agrees = found == expected || (found - expected).abs() < tolerance;
        assert!(agrees, "{what}[{index}]: {found} instead of {expected}");
    }
}

/// V, and Q as the backup of V at the pairs in the log, −∞ elsewhere.
fn check(what: &str, solution: &OfflineSolution, values: &[f64; STATES]) {
    let truth = truth();
    close(what, solution.values(), values, TOLERANCE);
    let q = truth.backup(values);
    for (s, row) in q.iter().enumerate() {
        let expected: Vec<f64> =
            (0..ACTIONS).map(|a| if truth.shown[s][a] { row[a] } else { f64::NEG_INFINITY }).collect();
        close(&format!("{what}, Q({s}, ·)"), solution.row(s), &expected, TOLERANCE);
    }
}

fn table(policy: &TabularPolicy) -> Table {
    std::array::from_fn(|s| std::array::from_fn(|a| policy.row(s)[a]))
}

#[test]
fn the_log_has_exactly_the_true_frequencies() {
    let (log, truth) = (log(), truth());
    assert_eq!((log.rows(), log.supported_pairs(), log.unseen_states()), (92, 10, vec![]));
    for (s, a, times, _) in PLAN {
        let pair = log.pairs(s).iter().find(|pair| pair.action == a).unwrap();
        assert_eq!((pair.count, pair.behavior, pair.reward), (4 * times, truth.behavior[s][a], truth.reward[s][a]));
        let mut next = [0.0; STATES];
        log.next_states(pair).iter().for_each(|to| next[to.state] += to.continuing);
        assert_eq!(next, truth.next[s][a]);
    }
    let cloned = BehaviorCloning::default().solve(&log).unwrap();
    assert_eq!(table(&cloned), truth.behavior);
}

#[test]
fn fitted_q_evaluation_reaches_the_solution_of_the_linear_equations() {
    let (log, truth) = (log(), truth());
    let judge = FittedQEvaluation::new(DISCOUNT);
    let behavior = BehaviorCloning::default().solve(&log).unwrap();
    check("π_b", &judge.solve(&log, &behavior).unwrap(), &truth.weighed_values(&truth.behavior));
    let rows = [[0.2, 0.3, 0.5], [0.6, 0.0, 0.4], [0.0, 1.0, 0.0], [0.75, 0.25, 0.0]];
    let policy = TabularPolicy::new(ACTIONS, rows.concat()).unwrap();
    let solution = judge.solve(&log, &policy).unwrap();
    let values = truth.weighed_values(&rows);
    check("declared", &solution, &values);
    let log = log.with_initial(&[0.5, 0.0, 0.25, 0.25]).unwrap();
    let start = 0.5 * values[0] + 0.25 * (values[2] + values[3]);
    assert!((log.at_start(solution.values()) - start).abs() < TOLERANCE);
    let error = judge.solve(&log, &TabularPolicy::uniform(STATES, ACTIONS)).unwrap_err().to_string();
    assert!(error.starts_with("policy.state 1, action 1: "), "{error}");
}

#[test]
fn fitted_q_iteration_reaches_the_best_policy_within_the_log() {
    let (log, truth) = (log(), truth());
    let solution = FittedQIteration::new(DISCOUNT).solve(&log).unwrap();
    check("FQI", &solution, &truth.best_values(|s, a| truth.shown[s][a]));
    // Its policy earns what it promises.
    check("π of FQI", &solution, &truth.weighed_values(&table(solution.policy())));
}

#[test]
fn bcq_reaches_the_best_policy_among_usual_actions() {
    let (log, truth) = (log(), truth());
    for threshold in [0.0, 0.1, 0.3, 0.5, 0.9, 1.0] {
        let most = truth.behavior.map(|row| row.into_iter().fold(0.0, f64::max));
        let usual = |s: usize, a: usize| {
            let ratio = truth.behavior[s][a] / most[s];
            ratio == 1.0 || ratio > threshold
        };
        let solution = DiscreteBcq { threshold, ..DiscreteBcq::new(DISCOUNT) }.solve(&log).unwrap();
        check(&format!("BCQ, τ = {threshold}"), &solution, &truth.best_values(usual));
        check("its policy", &solution, &truth.weighed_values(&table(solution.policy())));
        if threshold == 0.0 {
            assert_eq!(solution, FittedQIteration::new(DISCOUNT).solve(&log).unwrap());
        }
        if threshold == 1.0 {
            let greedy = BehaviorCloning::default().solve(&log).unwrap().greedy();
            let imitated = FittedQEvaluation::new(DISCOUNT).solve(&log, &greedy).unwrap();
            close("BCQ, τ = 1", solution.values(), imitated.values(), TOLERANCE);
            assert_eq!(solution.policy(), &greedy);
        }
    }
    // The threshold does something here: 0.3 leaves out what 0.1 takes.
    let value = |threshold| DiscreteBcq { threshold, ..DiscreteBcq::new(DISCOUNT) }.solve(&log).unwrap().values()[0];
    assert!(value(0.1) > value(0.3) + 0.01 && value(0.3) > value(1.0) + 0.01);
}

#[test]
fn iql_reaches_the_one_pattern_that_agrees_with_itself() {
    let (log, truth) = (log(), truth());
    let solve = |expectile| Iql { expectile, ..Iql::new(DISCOUNT) }.solve(&log).unwrap();
    for tau in [0.1, 0.5, 0.7, 0.9, 0.99] {
        let solution = solve(tau);
        let values = truth.expectile_values(tau);
        check(&format!("IQL, τ = {tau}"), &solution, &values);
        let q = truth.backup(&values);
        for s in 0..STATES {
            let weight = |a: usize| truth.behavior[s][a] * (3.0 * (q[s][a] - values[s])).exp().min(100.0);
            let sum: f64 = (0..ACTIONS).map(weight).sum();
            let expected: Vec<f64> = (0..ACTIONS).map(|a| weight(a) / sum).collect();
            close("π of IQL", solution.policy().row(s), &expected, TOLERANCE);
        }
    }
    check("IQL, τ = ½", &solve(0.5), &truth.weighed_values(&truth.behavior));
    // From the value of the log's policy up to that of the best within it.
    let best = FittedQIteration::new(DISCOUNT).solve(&log).unwrap();
    let taus = [0.5, 0.7, 0.9, 0.99, 0.999];
    assert!(taus.windows(2).all(|pair| (0..STATES).all(|s| solve(pair[0]).values()[s] < solve(pair[1]).values()[s])));
    close("IQL, τ → 1", solve(1.0 - 1e-9).values(), best.values(), 1e-6);
}

/// Rewards are made so that the fixed point is a table chosen beforehand.
#[test]
fn cql_reaches_a_planted_fixed_point() {
    let truth = truth();
    let planted: Table = [[1.0, -2.0, 3.5], [0.25, 0.0, 4.0], [-1.0, -1.5, -1.25], [8.0, 6.0, 0.0]];
    let mut values = [f64::NEG_INFINITY; STATES];
    let mut sums = [0.0; STATES];
    for (s, a, ..) in PLAN {
        values[s] = values[s].max(planted[s][a]);
        sums[s] += planted[s][a].exp();
    }
    for alpha in [0.0, 0.1, 1.0, 5.0, 100.0] {
        let reward = |&(s, a, ..): &Pair, _: f64| {
            let ahead: f64 = (0..STATES).map(|next| truth.next[s][a][next] * values[next]).sum();
            let pushed = alpha * (planted[s][a].exp() / sums[s] / truth.behavior[s][a] - 1.0);
            planted[s][a] + pushed - DISCOUNT * ahead
        };
        let solution = DiscreteCql { alpha, ..DiscreteCql::new(DISCOUNT) }.solve(&log_with(reward)).unwrap();
        close(&format!("CQL, α = {alpha}"), solution.values(), &values, TOLERANCE);
        for (s, a, ..) in PLAN {
            let found = solution.row(s)[a];
            assert!((found - planted[s][a]).abs() < TOLERANCE, "α = {alpha}, Q({s}, {a}) = {found}");
        }
        let greedy: Vec<usize> = (0..STATES).map(|s| solution.policy().greedy_action(s)).collect();
        assert_eq!((greedy, solution.row(1)[1]), (vec![2, 2, 0, 0], f64::NEG_INFINITY));
    }
}

#[test]
fn cql_rests_where_its_gradient_leads() {
    let (log, truth) = (log(), truth());
    for alpha in [0.5, 2.0] {
        let solution = DiscreteCql { alpha, ..DiscreteCql::new(DISCOUNT) }.solve(&log).unwrap();
        let q = truth.conservative_by_descent(alpha);
        for (s, a, ..) in PLAN {
            let found = solution.row(s)[a];
            assert!((found - q[s][a]).abs() < TOLERANCE, "α = {alpha}, Q({s}, {a}): {found} instead of {}", q[s][a]);
        }
    }
    let none = DiscreteCql { alpha: 0.0, ..DiscreteCql::new(DISCOUNT) }.solve(&log).unwrap();
    assert_eq!(none, FittedQIteration::new(DISCOUNT).solve(&log).unwrap());
    // The other end: the softmax becomes π_b, and the best action the most frequent one.
    let much = DiscreteCql { alpha: 1e5, ..DiscreteCql::new(DISCOUNT) }.solve(&log).unwrap();
    assert_eq!(much.policy(), &BehaviorCloning::default().solve(&log).unwrap().greedy());
    for (s, a, ..) in PLAN {
        let sum: f64 = much.row(s).iter().map(|q| (q - much.values()[s]).exp()).sum();
        let softmax = (much.row(s)[a] - much.values()[s]).exp() / sum;
        assert!((softmax - truth.behavior[s][a]).abs() < 1e-3, "{softmax} at ({s}, {a})");
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let forward = log();
    let mut rows = Vec::new();
    for (observation, action, times, quarters) in PLAN.into_iter().rev() {
        for (next_observation, reward, done) in quarters.into_iter().rev().cycle().take(4 * times) {
            let discount = if done { 0.0 } else { 1.0 };
            rows.push(Transition { observation, action, reward, discount, next_observation, next_action: None });
        }
    }
    let backward = TabularLog::new(STATES, ACTIONS, &rows).unwrap();
    for log in [&forward, &backward] {
        let solution = Iql::new(DISCOUNT).solve(log).unwrap();
        close("IQL", solution.values(), &truth().expectile_values(0.7), TOLERANCE);
    }
}

/// The rows of the golden log, which are those of the plan in another order.
fn golden_log(directory: &Path) -> TabularLog {
    let text = std::fs::read_to_string(directory.join("transitions.csv")).unwrap();
    let row = |line: &str| {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        Transition {
            observation: cells[0] as usize,
            action: cells[1] as usize,
            reward: cells[2],
            discount: 1.0 - cells[4],
            next_observation: cells[3] as usize,
            next_action: None,
        }
    };
    let rows: Vec<Transition<usize>> = text.lines().skip(1).map(row).collect();
    TabularLog::new(STATES, ACTIONS, &rows).unwrap().with_initial(&[0.25; STATES]).unwrap()
}

#[test]
fn all_methods_agree_with_golden_values() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/offline_small_mdp");
    let text = std::fs::read_to_string(directory.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let log = golden_log(&directory);
    let judge = FittedQEvaluation::new(DISCOUNT);
    // Null is an action without value.
    let numbers = |value: &Value| -> Vec<f64> {
        let cells = value.as_array().unwrap().iter();
        cells.map(|cell| cell.as_f64().unwrap_or(f64::NEG_INFINITY)).collect()
    };
    let check_policy = |key: &str, policy: &TabularPolicy| {
        for (s, row) in expected[format!("{key}_policy")].as_array().unwrap().iter().enumerate() {
            close(&format!("{key}_policy[{s}]"), policy.row(s), &numbers(row), 1e-8);
        }
        let value = log.at_start(judge.solve(&log, policy).unwrap().values());
        close(key, &[value], &[expected[format!("{key}_policy_value")].as_f64().unwrap()], 1e-8);
    };
    let cloned = BehaviorCloning::default().solve(&log).unwrap();
    check_policy("behavior_cloning", &cloned);
    for (key, solution) in [
        ("fqi", FittedQIteration::new(DISCOUNT).solve(&log).unwrap()),
        ("bcq", DiscreteBcq::new(DISCOUNT).solve(&log).unwrap()),
        ("cql", DiscreteCql::new(DISCOUNT).solve(&log).unwrap()),
        ("iql", Iql::new(DISCOUNT).solve(&log).unwrap()),
        ("fqe", judge.solve(&log, &cloned).unwrap()),
    ] {
        for (s, row) in expected[format!("{key}_q")].as_array().unwrap().iter().enumerate() {
            close(&format!("{key}_q[{s}]"), solution.row(s), &numbers(row), 1e-8);
        }
        close(key, solution.values(), &numbers(&expected[format!("{key}_v")]), 1e-8);
        if key != "fqe" {
            check_policy(key, solution.policy());
        }
    }
}
