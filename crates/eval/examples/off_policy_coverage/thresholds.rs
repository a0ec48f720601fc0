//! What the thresholds of refusal are worth: coverage by effective sample size and by the largest weight's share, with
//! nothing refused.

use std::fmt::Write;

use slatewise_eval::off_policy::{Refusal, WeightDiagnostics};

use crate::study::{Coverage, Observation, Share};
use crate::tables::{head, percent};

/// Edges of the buckets of the effective sample size.
const SIZES: [f64; 7] = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 300.0];
/// Edges of the buckets of the largest weight's share.
const SHARES: [f64; 5] = [0.1, 0.2, 0.3, 0.4, 0.5];
/// Buckets of the effective sample size within which the largest share is looked at again, and where it is cut.
const WITHIN: [(f64, f64); 3] = [(5.0, 10.0), (10.0, 20.0), (20.0, 50.0)];
const CUT: f64 = 0.2;
/// Smallest effective sample sizes that are compared.
const MINIMA: [f64; 5] = [2.0, 5.0, 10.0, 20.0, 50.0];

/// One degree of overlap: the same logs under an importance-weighted estimator and its self-normalised form.
pub(crate) struct Degree {
    pub(crate) name: String,
    pub(crate) truth: f64,
    pub(crate) plain: Vec<Observation>,
    pub(crate) normalised: Vec<Observation>,
}

/// Degrees of one family, and what its estimators are called.
pub(crate) struct Family {
    pub(crate) title: &'static str,
    pub(crate) estimators: [&'static str; 2],
    pub(crate) degrees: Vec<Degree>,
}

impl Degree {
    fn pair(&self) -> [&Vec<Observation>; 2] {
        [&self.plain, &self.normalised]
    }

    fn median_size(&self) -> f64 {
        let mut sizes: Vec<f64> =
            self.plain.iter().filter_map(|o| o.weights).map(|w| w.effective_sample_size).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
    }
}

/// Coverage over the logs whose weights pass a test.
fn coverage(observations: &[Observation], truth: f64, keep: &dyn Fn(&WeightDiagnostics) -> bool) -> Coverage {
    Coverage::of(observations.iter().filter(|o| o.weights.as_ref().is_some_and(keep)), truth)
}

fn add(sum: Share, more: Share) -> Share {
    Share { hits: sum.hits + more.hits, cases: sum.cases + more.cases }
}

/// Whether the truth lies above the normal interval, over the logs that pass.
fn above(observations: &[Observation], truth: f64, keep: &dyn Fn(&WeightDiagnostics) -> bool) -> Share {
    let kept = observations.iter().filter(|o| o.weights.as_ref().is_some_and(keep));
    Share::of(kept.filter_map(|o| o.accepted?.normal.bounds).map(|(_, high)| high < truth))
}

impl Family {
    /// Tables by effective sample size, by largest share, and of what each minimum lets through.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        for (what, edges) in [("effective sample size", &SIZES[..]), ("largest share of the weight", &SHARES[..])] {
            text += &self.bucket_head(what);
            let of = |w: &WeightDiagnostics| {
                if what == "effective sample size" { w.effective_sample_size } else { w.largest_share }
            };
            let lows = std::iter::once(0.0).chain(edges.iter().copied());
            for (low, high) in lows.zip(edges.iter().copied().chain([f64::INFINITY])) {
                let keep = |weights: &WeightDiagnostics| low <= of(weights) && of(weights) < high;
                text += &self.bucket(&bucket_name(low, high), &keep);
            }
            text.push('\n');
        }
        text += &self.bucket_head("effective sample size, largest share");
        for (low, high) in WITHIN {
            let within = |w: &WeightDiagnostics| low <= w.effective_sample_size && w.effective_sample_size < high;
            let name = bucket_name(low, high);
            text += &self.bucket(&format!("{name}, < {CUT}"), &|w| within(w) && w.largest_share < CUT);
            text += &self.bucket(&format!("{name}, ≥ {CUT}"), &|w| within(w) && w.largest_share >= CUT);
        }
        text.push('\n');
        text + &self.minima() + "\n" + &self.rules()
    }

    fn bucket_head(&self, what: &str) -> String {
        let of = |name: &str| {
            [format!("{name} normal"), format!("{name} bootstrap"), format!("truth above {name}'s normal")]
        };
        let columns = self.estimators.map(of).concat();
        let columns = [what, "logs"].into_iter().chain(columns.iter().map(String::as_str));
        head(&columns.collect::<Vec<_>>())
    }

    fn bucket(&self, name: &str, keep: &dyn Fn(&WeightDiagnostics) -> bool) -> String {
        let mut cells = Vec::new();
        let mut logs = 0;
        for side in 0..2 {
            let (mut normal, mut bootstrap, mut missed) = (Share::default(), Share::default(), Share::default());
            for degree in &self.degrees {
                let observations = degree.pair()[side];
                let coverage = coverage(observations, degree.truth, keep);
                (normal, bootstrap) = (add(normal, coverage.normal), add(bootstrap, coverage.bootstrap));
                missed = add(missed, above(observations, degree.truth, keep));
            }
            logs = normal.cases;
            cells.extend([percent(normal), percent(bootstrap), percent(missed)]);
        }
        format!("| {name} | {logs} | {} |\n", cells.join(" | "))
    }

    /// Per degree and minimum: share of logs kept, coverage of both normal intervals among them.
    fn minima(&self) -> String {
        let [plain, normalised] = self.estimators;
        let minima = MINIMA.map(|minimum| format!("ESS ≥ {minimum}"));
        let columns = ["overlap", "median ESS", "all logs"].into_iter().chain(minima.iter().map(String::as_str));
        let mut text =
            format!("Logs kept (%): coverage of {plain}'s / {normalised}'s normal interval among them (%).\n\n");
        text += &head(&columns.collect::<Vec<_>>());
        for degree in &self.degrees {
            let of = |minimum: f64| {
                let keep = |weights: &WeightDiagnostics| weights.effective_sample_size >= minimum;
                let [plain, normalised] = degree.pair().map(|o| coverage(o, degree.truth, &keep).normal);
                if plain.cases == 0 {
                    return "0 : –".to_owned();
                }
                let kept = 100.0 * plain.cases as f64 / degree.plain.len() as f64;
                format!("{kept:.0} : {:.1} / {:.1}", 100.0 * plain.rate(), 100.0 * normalised.rate())
            };
            let cells: Vec<String> = std::iter::once(0.0).chain(MINIMA).map(of).collect();
            let _ = writeln!(text, "| {} | {:.1} | {} |", degree.name, degree.median_size(), cells.join(" | "));
        }
        text
    }

    /// Per degree: which default rules refuse.
    fn rules(&self) -> String {
        let mut text = String::from("Logs refused by each default rule (%), of the self-normalised estimator.\n\n");
        let concentration = ["all weights 0", "effective sample size", "largest weight", "largest weight alone"];
        let others = ["mean weight", "mean weight alone", "support"];
        text += &head(&[&["overlap", "any"], &concentration[..], &others].concat());
        for degree in &self.degrees {
            let share = |of: &dyn Fn(&[Refusal]) -> bool| {
                format!("{:.1}", 100.0 * Share::of(degree.normalised.iter().map(|o| of(&o.refusals))).rate())
            };
            let largest = |refusal: &Refusal| matches!(refusal, Refusal::LargestWeight { .. });
            let mean = |refusal: &Refusal| matches!(refusal, Refusal::MeanWeight { .. });
            let cells = [
                share(&|refusals| !refusals.is_empty()),
                share(&|refusals| refusals.iter().any(|r| matches!(r, Refusal::AllWeightsZero { .. }))),
                share(&|refusals| refusals.iter().any(|r| matches!(r, Refusal::EffectiveSampleSize { .. }))),
                share(&|refusals| refusals.iter().any(largest)),
                share(&|refusals| !refusals.is_empty() && refusals.iter().all(largest)),
                share(&|refusals| refusals.iter().any(mean)),
                share(&|refusals| !refusals.is_empty() && refusals.iter().all(mean)),
                share(&|refusals| refusals.iter().any(|r| matches!(r, Refusal::Unsupported { .. }))),
            ];
            let _ = writeln!(text, "| {} | {} |", degree.name, cells.join(" | "));
        }
        text
    }
}

fn bucket_name(low: f64, high: f64) -> String {
    if low == 0.0 {
        format!("< {high}")
    } else if high.is_infinite() {
        format!("≥ {low}")
    } else {
        format!("{low} – {high}")
    }
}
