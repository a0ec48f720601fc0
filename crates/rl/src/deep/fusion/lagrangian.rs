//! `Lagrangian`: rewards are maximised, but of some tasks no more than a declared share may be lost against a reference.
//!
//! ```text
//! maximise Σ_k b_k J_k(π)    such that    J_c(π) ≥ f_c = R_c − x_c |R_c|    for every constraint c
//! L(π, μ)  = Σ_k b_k J_k(π) + Σ_c μ_c (J_c(π) − f_c)                         a policy ascends L: reward weights b_k + μ_k
//! μ_c      ← min(max(0, μ_c + η (f_c − J_c(π))), M)                          dual ascent
//! ```
//!
//! | symbol | variable |
//! |---|---|
//! | b `[T]`, μ | what is given to `reward_weights`, `multipliers` |
//! | R_c, x_c, f_c | `Constraint::reference`, `.loss`, `.floor()` |
//! | η, M | `LagrangianConfig::step_size`, `.largest` |
//!
//! A policy that is the best for fixed weights may jump from one side of a constraint to the other as μ moves (a bandit with arms that are
//! all one or all the other does): then the mean over the policies on the way keeps the constraint, not each of them. Where the policy
//! bends with its weights, as an actor over fusion weights does, μ comes to rest. A μ that stays at M says that the constraint cannot
//! be met.
//!
//! References: Altman 1999, "Constrained Markov decision processes"; Tessler, Mankowitz & Mannor 2019, "Reward constrained policy
//! optimization", algorithm 1 (whose actor-critic learns a critic of the penalised reward; with a critic per task none is needed).

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// "Lose no more than a share of a task's reward".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// The task, below T.
    pub task: usize,
    /// R: what the task earns today, measured as J will be (per session, discounted or not).
    pub reference: f64,
    /// x in [0, 1]: the share of it that may be lost, 0.02 for 2 %.
    pub loss: f64,
}

impl Constraint {
    /// The least that the task must earn.
    pub fn floor(&self) -> f64 {
        self.reference - self.loss * self.reference.abs()
    }
}

/// The constraints and how their multipliers move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LagrangianConfig {
    /// At most one per task.
    pub constraints: Vec<Constraint>,
    /// η > 0, in units of weight per unit of reward (ours: 0.05).
    #[serde(default = "step_size")]
    pub step_size: f64,
    /// M > 0: the largest multiplier (ours: 100).
    #[serde(default = "largest")]
    pub largest: f64,
}

fn step_size() -> f64 {
    0.05
}

fn largest() -> f64 {
    100.0
}

impl LagrangianConfig {
    /// Constraints with the default steps.
    pub fn new(constraints: Vec<Constraint>) -> Self {
        Self { constraints, step_size: step_size(), largest: largest() }
    }

    /// Checks the settings for T = `tasks`; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range, a task that there is not, a task constrained twice.
    pub fn validate(&self, key: &str, tasks: usize) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        Error::unless(positive(self.step_size), key, "step_size", || "must be a number above 0".to_owned())?;
        Error::unless(positive(self.largest), key, "largest", || "must be a number above 0".to_owned())?;
        for (place, constraint) in self.constraints.iter().enumerate() {
            let key = format!("{key}.constraints[{place}]");
            let Constraint { task, reference, loss } = *constraint;
            Error::unless(task < tasks, &key, "task", || {
                format!("{task} must lie below {tasks}, the number of tasks")
            })?;
            let twice = self.constraints[..place].iter().any(|earlier| earlier.task == task);
            Error::unless(!twice, &key, "task", || format!("{task} is constrained twice; keep the stricter one"))?;
            Error::unless(reference.is_finite(), &key, "reference", || "must be finite".to_owned())?;
            Error::unless((0.0..=1.0).contains(&loss), &key, "loss", || {
                format!("{loss} must lie in [0, 1]: 0.02 for 2 %")
            })?;
        }
        Ok(())
    }
}

/// max(0, μ + η (f − J)): the multiplier grows while the task earns less than its floor, and falls to 0 where it earns more.
pub fn dual_ascent(multiplier: f64, step_size: f64, floor: f64, value: f64) -> f64 {
    (multiplier + step_size * (floor - value)).max(0.0)
}

/// The multipliers at work; all 0 at first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lagrangian {
    config: LagrangianConfig,
    multipliers: Vec<f64>,
}

impl Lagrangian {
    /// Multipliers of 0; settings that [`LagrangianConfig::validate`] accepts.
    pub fn new(config: LagrangianConfig) -> Self {
        Self { multipliers: vec![0.0; config.constraints.len()], config }
    }

    /// μ, in the order of the constraints.
    pub fn multipliers(&self) -> &[f64] {
        &self.multipliers
    }

    /// Moves every multiplier by what its task was measured to earn.
    ///
    /// # Shapes
    /// `values [T]`: J of every task under the policy of now
    pub fn update(&mut self, values: &[f64]) {
        for (multiplier, constraint) in self.multipliers.iter_mut().zip(&self.config.constraints) {
            let value = of_task(values, constraint.task);
            *multiplier =
                dual_ascent(*multiplier, self.config.step_size, constraint.floor(), value).min(self.config.largest);
        }
    }

    /// b + μ: what a policy is to maximise now.
    ///
    /// # Shapes
    /// `base [T]` → `[T]`
    pub fn reward_weights(&self, base: &[f64]) -> Vec<f64> {
        let mut weights = base.to_vec();
        for (multiplier, constraint) in self.multipliers.iter().zip(&self.config.constraints) {
            of_task(base, constraint.task);
            weights[constraint.task] += multiplier;
        }
        weights
    }

    /// By how much the task that lacks most earns too little; 0 where every task earns its floor.
    ///
    /// # Shapes
    /// `values [T]`
    pub fn shortfall(&self, values: &[f64]) -> f64 {
        let lacks = self.config.constraints.iter().map(|c| c.floor() - of_task(values, c.task));
        lacks.fold(0.0, f64::max)
    }

    /// Whether every task earns its floor, to within `tolerance` ≥ 0.
    ///
    /// # Shapes
    /// `values [T]`
    pub fn holds(&self, values: &[f64], tolerance: f64) -> bool {
        self.shortfall(values) <= tolerance
    }
}

fn of_task(values: &[f64], task: usize) -> f64 {
    let tasks = values.len();
    assert!(task < tasks, "task {task} of values of shape [{tasks}]");
    values[task]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(reference: f64, loss: f64) -> Constraint {
        Constraint { task: 1, reference, loss }
    }

    #[test]
    fn floors_and_steps_equal_hand_computation() {
        assert_eq!(constraint(8.0, 0.25).floor(), 6.0);
        assert_eq!(constraint(-8.0, 0.25).floor(), -10.0); // a loss makes a negative value more so
        assert_eq!(dual_ascent(1.0, 0.5, 6.0, 4.0), 2.0); // 1 + ½ · 2
        assert_eq!(dual_ascent(1.0, 0.5, 6.0, 9.0), 0.0); // 1 − ½ · 3 < 0
        let mut lagrangian = Lagrangian::new(LagrangianConfig {
            step_size: 0.5,
            largest: 1.5,
            ..LagrangianConfig::new(vec![constraint(8.0, 0.25)])
        });
        lagrangian.update(&[100.0, 4.0]);
        assert_eq!(lagrangian.reward_weights(&[1.0, 0.25]), [1.0, 1.25]);
        lagrangian.update(&[100.0, 4.0]);
        assert_eq!(lagrangian.multipliers(), [1.5]); // 2, held at the largest
        assert!(lagrangian.holds(&[0.0, 6.0], 0.0) && !lagrangian.holds(&[0.0, 5.9], 0.05));
        assert_eq!(lagrangian.shortfall(&[0.0, 5.5]), 0.5);
    }

    /// Two arms that earn (1, 0) and (0, 1): the best mixture that keeps 30 % of task 1 draws the second arm with probability 0.3, at μ = 1.
    /// Each policy on the way draws one arm alone; their mean is that mixture.
    #[test]
    fn a_bandit_mixes_its_arms_as_the_constraint_asks() {
        let mut lagrangian =
            Lagrangian::new(LagrangianConfig { step_size: 0.01, ..LagrangianConfig::new(vec![constraint(1.0, 0.7)]) });
        let (mut second, mut multiplier, rounds) = (0.0, 0.0, 20_000);
        for _ in 0..rounds {
            let weights = lagrangian.reward_weights(&[1.0, 0.0]);
            let earned = if weights[1] > weights[0] { [0.0, 1.0] } else { [1.0, 0.0] };
            lagrangian.update(&earned);
            second += earned[1] / f64::from(rounds);
            multiplier += lagrangian.multipliers()[0] / f64::from(rounds);
        }
        assert!((second - 0.3).abs() < 0.01, "the second arm was drawn {second} of the time");
        assert!((multiplier - 1.0).abs() < 0.02, "mean multiplier {multiplier}");
    }

    /// J = (−w², −(w − 1)²), of the second no less than −¼: w = ½, where 2 w = 2 μ (1 − w) gives μ = 1.
    #[test]
    fn a_policy_that_bends_comes_to_rest_at_the_constrained_optimum() {
        let settings = LagrangianConfig { step_size: 0.5, ..LagrangianConfig::new(vec![constraint(-0.25, 0.0)]) };
        let (mut lagrangian, mut best) = (Lagrangian::new(settings), 0.0);
        for _ in 0..200 {
            let weights = lagrangian.reward_weights(&[1.0, 0.0]);
            best = weights[1] / (weights[0] + weights[1]); // argmax_w −a w² − b (w − 1)²
            lagrangian.update(&[-best * best, -(best - 1.0) * (best - 1.0)]);
        }
        assert!((best - 0.5).abs() < 1e-6 && (lagrangian.multipliers()[0] - 1.0).abs() < 1e-6, "{best} {lagrangian:?}");
    }

    #[test]
    fn settings_are_checked() {
        let message =
            |constraints| LagrangianConfig::new(constraints).validate("rl.lagrangian", 2).unwrap_err().to_string();
        let twice = vec![constraint(1.0, 0.1); 2];
        assert_eq!(message(twice), "rl.lagrangian.constraints[1].task: 1 is constrained twice; keep the stricter one");
        let percent = vec![constraint(1.0, 2.0)];
        assert_eq!(message(percent), "rl.lagrangian.constraints[0].loss: 2 must lie in [0, 1]: 0.02 for 2 %");
        let beyond = vec![Constraint { task: 2, reference: 1.0, loss: 0.1 }];
        assert!(message(beyond).starts_with("rl.lagrangian.constraints[0].task: 2 must lie below 2"));
    }
}
