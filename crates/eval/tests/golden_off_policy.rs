//! Off-policy estimators agree with Open Bandit Pipeline, SCOPE-RL and float64 references on `tests/golden` (see its README).

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use slatewise_eval::Error;
use slatewise_eval::off_policy::{
    BanditRounds, Base, Criterion, DirectMethod, DoublyRobust, Estimator, Ips, PerDecisionIs, PerDecisionWis,
    Probabilities, Round, SelfNormalisedDoublyRobust, SequentialDirectMethod, SequentialDoublyRobust, Shrinkage,
    SlateEstimator, SlateRows, Slates, Snips, StepModel, Steps, Trajectories, TrajectoryIs, TrajectoryWis,
    WeightedDoublyRobust, tune,
};

type Columns = BTreeMap<String, Vec<f64>>;

fn path(case: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case).join(file)
}

fn json(case: &str, file: &str) -> Result<Value> {
    Ok(serde_json::from_reader(std::fs::File::open(path(case, file))?)?)
}

fn columns(case: &str, file: &str) -> Result<Columns> {
    let mut reader = csv::Reader::from_path(path(case, file))?;
    let header = reader.headers()?.clone();
    let mut columns = Columns::new();
    for row in reader.records() {
        for (name, cell) in header.iter().zip(&row?) {
            columns.entry(name.to_owned()).or_default().push(cell.parse()?);
        }
    }
    Ok(columns)
}

/// Checks every estimator against `values[name]`.
fn check<L>(values: &Value, tolerance: f64, log: &L, estimators: &[(&str, &dyn Estimator<L>)]) -> Result<()> {
    for (key, estimator) in estimators {
        let golden = values[key].as_f64().with_context(|| format!("no golden value {key}"))?;
        let ours = estimator.evidence(log)?.contributions.value()?;
        ensure!((golden - ours).abs() <= tolerance, "{key}: {ours} instead of {golden}");
    }
    Ok(())
}

/// The first `limit` rounds of a case.
fn rounds_of(case: &str, limit: usize) -> Result<BanditRounds> {
    let columns = columns(case, "input.csv")?;
    let actions = columns.keys().filter(|name| name.starts_with("pi_e_")).count();
    let of_row =
        |prefix: &str, row: usize| (0..actions).map(|a| columns[&format!("{prefix}{a}")][row]).collect::<Vec<_>>();
    let mut rounds = BanditRounds::with_actions(actions)?;
    for (row, &reward) in columns["reward"].iter().enumerate().take(limit) {
        rounds.push(&Round {
            action: columns["action"][row] as usize,
            reward,
            propensity: columns["pscore"][row],
            evaluation: &of_row("pi_e_", row),
            q_hat: Some(&of_row("q_hat_", row)),
        })?;
    }
    Ok(rounds)
}

fn rounds(case: &str) -> Result<BanditRounds> {
    rounds_of(case, usize::MAX)
}

fn bandit(case: &str) -> Result<()> {
    let (golden, rounds) = (json(case, "expected.json")?, rounds(case)?);
    let tolerance = golden["default_abs_tol"].as_f64().context("tolerance")?;
    let estimators: [(&str, &dyn Estimator<BanditRounds>); 11] = [
        ("ips", &Ips::plain()),
        ("ips_clipped_5", &Ips::clipped(5.0)?),
        ("snips", &Snips),
        ("dm", &DirectMethod),
        ("dr", &DoublyRobust::plain()),
        ("dr_clipped_5", &DoublyRobust::clipped(5.0)?),
        ("sndr", &SelfNormalisedDoublyRobust),
        ("switch_dr_tau5", &DoublyRobust::switch(5.0)?),
        ("switch_dr_tau1", &DoublyRobust::switch(1.0)?),
        ("dros_5", &DoublyRobust::optimistic(5.0)?),
        ("dros_0_equals_dm", &DoublyRobust::optimistic(0.0)?),
    ];
    for level in ["own_float64", "obp"] {
        check(&golden["values"][level], tolerance, &rounds, &estimators)?;
    }
    let sub_gaussian: [(&str, &dyn Estimator<BanditRounds>); 2] =
        [("sg_ipw_0.3", &Ips::sub_gaussian(0.3)?), ("sg_dr_0.3", &DoublyRobust::sub_gaussian(0.3)?)];
    check(&golden["values"]["obp"], tolerance, &rounds, &sub_gaussian)?;
    for (key, estimator) in estimators.iter().filter(|(key, _)| !key.starts_with("dros_0")).chain(&sub_gaussian) {
        ensure!(estimator.name() == *key, "{} is called {key} elsewhere", estimator.name());
    }

    let own = &golden["values"]["own_float64"];
    let weights = rounds.weight_diagnostics();
    for (key, ours) in [
        ("ess_kish", weights.effective_sample_size),
        ("max_weight", weights.largest),
        ("mean_weight", weights.mean),
        ("ips_std_err", Ips::plain().evidence(&rounds)?.contributions.standard_error()?),
        ("dr_std_err", DoublyRobust::plain().evidence(&rounds)?.contributions.standard_error()?),
    ] {
        let golden = own[key].as_f64().context(key)?;
        ensure!((golden - ours).abs() <= tolerance, "{key}: {ours} instead of {golden}");
    }
    Ok(())
}

#[test]
fn bandit_estimators() -> Result<()> {
    bandit("ope_bandit_synthetic")
}

#[test]
fn bandit_estimators_on_policy() -> Result<()> {
    bandit("ope_on_policy_identity")?;
    let rounds = rounds("ope_on_policy_identity")?;
    let mean = json("ope_on_policy_identity", "expected.json")?["values"]["mean_reward"].as_f64();
    ensure!(Some(Ips::plain().evidence(&rounds)?.contributions.value()?) == mean);
    ensure!(rounds.weight_diagnostics().effective_sample_size == rounds.len() as f64);
    Ok(())
}

#[test]
fn a_propensity_of_zero_is_refused_by_its_row() -> Result<()> {
    let refused = rounds("ope_zero_pscore").err().and_then(|error| error.downcast::<Error>().ok());
    ensure!(refused == Some(Error::Propensity { what: "propensity", row: 1, value: 0.0 }), "{refused:?}");
    Ok(())
}

/// What Open Bandit Pipeline's tuning classes (δ = 0.1) choose from a grid.
struct Choice {
    base: Base,
    family: fn(f64) -> Shrinkage,
    criterion: Criterion,
    parameter: f64,
    value: f64,
}

fn choice(base: Base, family: fn(f64) -> Shrinkage, criterion: Criterion, parameter: f64, value: f64) -> Choice {
    Choice { base, family, criterion, parameter, value }
}

fn check_choices(rounds: &BanditRounds, choices: &[Choice]) -> Result<()> {
    for Choice { base, family, criterion, parameter, value } in choices {
        let grid: &[f64] = match family(0.5) {
            Shrinkage::Optimistic(_) => &[0.0, 0.5, 5.0, 50.0, f64::INFINITY],
            Shrinkage::SubGaussian(_) => &[0.0, 0.1, 0.3, 1.0],
            _ => &[0.5, 1.0, 2.0, 5.0, 10.0, f64::INFINITY],
        };
        let candidates: Vec<Shrinkage> = grid.iter().map(|&p| family(p)).collect();
        let tuning = tune(*base, &candidates, rounds, *criterion)?;
        let chosen = tuning.chosen();
        ensure!(chosen.shrinkage == family(*parameter), "{base:?} {criterion:?}: {chosen:?} instead of {parameter}");
        ensure!((chosen.value - value).abs() < 1e-12, "{chosen:?} instead of {value}");
    }
    Ok(())
}

#[test]
fn tuning_chooses_as_open_bandit_pipeline() -> Result<()> {
    let infinity = f64::INFINITY;
    let (upper, slope) = (Criterion::UpperBound { delta: 0.1 }, Criterion::Slope { delta: 0.1 });
    let on_all = [
        choice(Base::Ips, Shrinkage::Clip, upper, infinity, 0.627_995_239_110_966_2),
        choice(Base::Ips, Shrinkage::Clip, Criterion::Direct, infinity, 0.627_995_239_110_966_2),
        choice(Base::Ips, Shrinkage::Clip, slope, 2.0, 0.617_789_394_048_049_2),
        choice(Base::DoublyRobust, Shrinkage::Clip, upper, infinity, 0.632_698_391_709_275_1),
        choice(Base::DoublyRobust, Shrinkage::Clip, slope, 0.5, 0.605_656_040_340_745_6),
        choice(Base::DoublyRobust, Shrinkage::Switch, slope, 2.0, 0.618_687_395_361_426_3),
        choice(Base::DoublyRobust, Shrinkage::Optimistic, upper, infinity, 0.632_698_391_709_275_1),
        choice(Base::DoublyRobust, Shrinkage::Optimistic, slope, 5.0, 0.616_879_873_863_447_1),
        choice(Base::Ips, Shrinkage::SubGaussian, Criterion::Direct, 0.0, 0.627_995_239_110_966_2),
        choice(Base::Ips, Shrinkage::SubGaussian, slope, 1.0, 0.592),
        choice(Base::DoublyRobust, Shrinkage::SubGaussian, slope, 0.3, 0.622_423_231_270_460_1),
    ];
    check_choices(&rounds("ope_bandit_synthetic")?, &on_all)?;
    let on_the_first_sixty = [
        choice(Base::Ips, Shrinkage::Clip, Criterion::Direct, 2.0, 0.656_658_551_504_190_1),
        choice(Base::Ips, Shrinkage::Clip, slope, 1.0, 0.563_321_471_658_011_4),
        choice(Base::DoublyRobust, Shrinkage::Clip, Criterion::Direct, 1.0, 0.650_206_095_868_736_6),
        choice(Base::DoublyRobust, Shrinkage::Optimistic, Criterion::Direct, 5.0, 0.648_075_037_261_087_1),
        choice(Base::DoublyRobust, Shrinkage::Optimistic, slope, 0.0, 0.585_667_629_961_376_2),
        choice(Base::Ips, Shrinkage::SubGaussian, Criterion::Direct, 0.3, 0.633_573_675_259_943),
        choice(Base::DoublyRobust, Shrinkage::SubGaussian, Criterion::Direct, 0.1, 0.671_404_054_130_669_4),
    ];
    check_choices(&rounds_of("ope_bandit_synthetic", 60)?, &on_the_first_sixty)
}

fn sequential(case: &str) -> Result<()> {
    let (golden, policies) = (json(case, "expected.json")?, json(case, "policies.json")?);
    let rows = columns(case, "trajectories.csv")?;
    let table =
        |name: &str, state: f64, action: usize| policies[name][state as usize][action].as_f64().context("policies");
    let actions = policies["n_actions"].as_u64().context("actions")? as usize;
    let (states, taken) = (&rows["state"], &rows["action"]);
    let q_logged: Vec<f64> =
        states.iter().zip(taken).map(|(&s, &a)| table("q_hat_fqe", s, a as usize)).collect::<Result<_>>()?;
    let of_state =
        |s: f64| (0..actions).map(|a| Ok(table("pi_e", s, a)? * table("q_hat_fqe", s, a)?)).sum::<Result<f64>>();
    let value: Vec<f64> = states.iter().map(|&s| of_state(s)).collect::<Result<_>>()?;
    let trajectory: Vec<u32> = rows["trajectory_id"].iter().map(|&id| id as u32).collect();
    let steps = Steps {
        trajectory: &trajectory,
        step: &rows["t"],
        reward: &rows["reward"],
        propensity: &rows["pscore"],
        evaluation: &rows["pi_e"],
        done: Some(&rows["done"]),
        model: Some(StepModel { q_logged: &q_logged, value: &value }),
    };
    let horizon = policies["horizon"].as_u64().map(|horizon| horizon as usize);
    let log = Trajectories::new(&steps, policies["gamma"].as_f64().context("gamma")?, horizon)?;
    let (own, tolerance) = (&golden["values"]["own_float64"], golden["default_abs_tol"].as_f64().context("tolerance")?);
    let estimators: [(&str, &dyn Estimator<Trajectories>); 7] = [
        ("trajectory_is", &TrajectoryIs),
        ("trajectory_wis", &TrajectoryWis),
        ("per_decision_is", &PerDecisionIs),
        ("per_decision_wis", &PerDecisionWis),
        ("dm", &SequentialDirectMethod),
        ("dr", &SequentialDoublyRobust),
        ("wdr", &WeightedDoublyRobust),
    ];
    check(own, tolerance, &log, &estimators)?;
    let (weights, returns) = (log.weight_diagnostics(), log.returns());
    for (key, ours) in [
        ("behaviour_mean_return", returns.iter().sum::<f64>() / returns.len() as f64),
        ("ess_trajectory", weights.effective_sample_size),
        ("max_trajectory_weight", weights.largest),
    ] {
        let golden = own[key].as_f64().context(key)?;
        ensure!((golden - ours).abs() <= tolerance, "{key}: {ours} instead of {golden}");
    }
    Ok(())
}

#[test]
fn sequential_estimators_on_one_trajectory() -> Result<()> {
    sequential("ope_seq_single_trajectory")
}

#[test]
fn sequential_estimators_on_trajectories_of_unequal_length() -> Result<()> {
    sequential("ope_seq_many")
}

#[test]
fn slate_estimators() -> Result<()> {
    let (golden, rows) = (json("ope_slate", "expected.json")?, columns("ope_slate", "input.csv")?);
    let slate: Vec<u32> = rows["slate_id"].iter().map(|&id| id as u32).collect();
    let probabilities = |suffix: &str| {
        Some(Probabilities { logging: &rows[&format!("pscore{suffix}")], evaluation: &rows[&format!("pi_e{suffix}")] })
    };
    let slates = Slates::new(&SlateRows {
        slate: &slate,
        position: &rows["position"],
        reward: &rows["reward"],
        joint: probabilities(""),
        item_position: probabilities("_item_position"),
        cascade: probabilities("_cascade"),
    })?;
    let names = SlateEstimator::ALL.map(|estimator| estimator.name());
    for (name, estimator) in names.iter().zip(&SlateEstimator::ALL) {
        check(&golden["values"]["obp"], 1e-9, &slates, &[(name.as_str(), estimator)])?;
    }
    Ok(())
}
