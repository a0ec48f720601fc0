//! `Truth`: what makes users click, put into the cart and buy, as planted.
//!
//! ```text
//! examined(k)              = k^−examination_exponent
//! P(click)                 = examined(k) · σ(click)
//! P(cart)                  = P(click) · σ(cart)                  a cart needs a click,
//! P(purchase)              = P(cart) · σ(purchase)               a purchase a cart
//!
//! σ(task) of z = intercept + taste·⟨t,v⟩/√d + quality·q − price·s·x + hour·cos(2π(h − 20)/24) + surface
//! x = (ln price − 3.4)/0.6, h = hour of the day with its fraction, s = 1 + (age − 40)/40
//! ```
//!
//! The intercepts are found on a pilot of the log so that the declared rates come out.

use serde::{Deserialize, Serialize};

use super::spec::{ResponseSpec, SyntheticSpec};
use crate::log::error::LogError;

/// Names of the responses, each of which needs the one before.
pub(super) const TASKS: [&str; 3] = ["click", "cart", "purchase"];

/// What a row's responses depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Signal {
    /// ⟨t,v⟩/√d.
    pub taste: f64,
    /// q.
    pub quality: f64,
    /// s·x.
    pub price: f64,
    /// cos(2π(h − 20)/24).
    pub hour: f64,
    /// 0 home, 1 listing, 2 search.
    pub surface: usize,
    /// Probability that the place is looked at.
    pub examined: f64,
}

/// The planted weights of one response.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// Constant of the logit.
    pub intercept: f64,
    /// Of ⟨t,v⟩/√d.
    pub taste: f64,
    /// Of q.
    pub quality: f64,
    /// Of −s·x.
    pub price: f64,
    /// Of cos(2π(h − 20)/24).
    pub hour: f64,
    /// Of home, listing, search.
    pub surface: [f64; 3],
}

impl Coefficients {
    fn of(spec: &ResponseSpec, intercept: f64) -> Self {
        let &ResponseSpec { taste, quality, price, hour, surface, .. } = spec;
        Self { intercept, taste, quality, price, hour, surface }
    }

    fn logit(&self, signal: &Signal) -> f64 {
        self.intercept + self.taste * signal.taste + self.quality * signal.quality - self.price * signal.price
            + self.hour * signal.hour
            + self.surface[signal.surface]
    }
}

/// σ(z).
pub(super) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Probabilities of click, of cart given a click, and of purchase given a cart.
pub(super) fn chances(tasks: &[Coefficients; 3], signal: &Signal) -> [f64; 3] {
    let [click, cart, purchase] = tasks.map(|task| sigmoid(task.logit(signal)));
    [signal.examined * click, cart, purchase]
}

/// Finds the intercepts that give the declared rates on the pilot's rows.
///
/// # Errors
/// [`LogError::Config`] if positions are looked at so seldom that the rate of clicks cannot be reached.
pub(super) fn planted(spec: &SyntheticSpec, pilot: &[Signal]) -> Result<[Coefficients; 3], LogError> {
    let mut weights: Vec<f64> = pilot.iter().map(|signal| signal.examined).collect();
    // Clicks are counted per row, carts per click, purchases per cart.
    let mut units = pilot.len() as f64;
    let mut found = Vec::with_capacity(TASKS.len());
    for (task, response) in TASKS.iter().zip([&spec.click, &spec.cart, &spec.purchase]) {
        let mut coefficients = Coefficients::of(response, response.intercept.unwrap_or(0.0));
        if response.intercept.is_none() {
            let most = weights.iter().sum::<f64>() / units;
            if response.rate >= most {
                let key = format!("synthetic.{task}.rate");
                let mend = format!(
                    "places are looked at with probability {most:.3} on average: set it below, or lower synthetic.examination_exponent"
                );
                return Err(LogError::config(key, response.rate.to_string(), mend));
            }
            coefficients.intercept = intercept_for(response.rate * units, &coefficients, pilot, &weights);
        }
        for (weight, signal) in weights.iter_mut().zip(pilot) {
            *weight *= sigmoid(coefficients.logit(signal));
        }
        units = weights.iter().sum();
        found.push(coefficients);
    }
    Ok([found[0], found[1], found[2]])
}

/// Bisection: Σ weight · σ grows with the intercept.
fn intercept_for(target: f64, coefficients: &Coefficients, pilot: &[Signal], weights: &[f64]) -> f64 {
    let sum_at = |intercept| {
        let moved = Coefficients { intercept, ..*coefficients };
        pilot.iter().zip(weights).map(|(signal, weight)| weight * sigmoid(moved.logit(signal))).sum::<f64>()
    };
    let (mut low, mut high) = (-200.0, 200.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if sum_at(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
