//! Offline learners on CartPole logs of mixed quality: mean return per seed, and over seeds with a 95 % interval.
//!
//! ```sh
//! cargo run --release --example offline_cart_pole -- 5
//! ```
//!
//! Seeds from 1 on (a second argument changes the first of them); the interval is Student's.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use slatewise_eval::interval::student_t_interval;
use slatewise_rl::offline::deep::cart_pole::OfflineCartPole;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().and_then(|x| x.parse().ok()).unwrap_or(otherwise);
    let (seeds, first) = (number(5), number(1));
    let setting = OfflineCartPole::default();
    println!("{setting:?}");
    let mut runs = Vec::new();
    for seed in first..first + seeds {
        let found = setting.run(seed)?;
        let told: Vec<String> = found.iter().map(|one| format!("{} {:.1}", one.name, one.mean_return)).collect();
        println!("seed {seed}: {}", told.join(", "));
        runs.push(found);
    }
    for (index, one) in runs.first().into_iter().flatten().enumerate() {
        let samples: Vec<f64> = runs.iter().map(|run| run[index].mean_return).collect();
        let interval = student_t_interval(&samples, 0.95)?;
        let (low, high) = interval.bounds.unwrap_or((f64::NAN, f64::NAN));
        println!("{:<12} {:6.1} [{low:.1}, {high:.1}]", one.name, interval.mean);
    }
    Ok(())
}
