//! Evaluation on the tiny log: by hand where it can be, and the properties that make policies comparable.

use super::*;
use crate::deep::fusion::{FusionForm, fused_scores};
use crate::page_agents::{FusedPages, PageScores};
use crate::policy::{Constant, MarkovChain, SelfNavigation, UniformRandom};
use crate::reward::RewardSpec;
use crate::session::StartStates;
use crate::simulator::UserModel;
use crate::testing::{check_policy, tiny_distance, tiny_log, tiny_tables};

#[test]
fn agreement_with_the_log_equals_hand_computation() {
    let log = tiny_log();
    let (spec, distance) = (RewardSpec { diversity: 0.0, ..RewardSpec::default() }, tiny_distance(&log.catalogue));
    let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
    // Next clicks 3 (listing 1, premium), 1 and 1 (listing 0).
    let constant = compare_with_log(&mut Constant { action: 1 }, &log, 0..3, reward).unwrap();
    assert_eq!((constant.states, constant.agreement), (3, 1.0 / 3.0));
    assert_eq!((constant.rewarded_agreement, constant.listing_coverage), (5.0 / 7.0, 0.5));
    let random = compare_with_log(&mut UniformRandom { actions: 2 }, &log, 0..3, reward).unwrap();
    assert_eq!((random.agreement, random.rewarded_agreement, random.listing_coverage), (0.5, 0.5, 1.0));
    assert!(compare_with_log(&mut Constant { action: 1 }, &log, 1..2, reward).is_err());
}

#[test]
fn simulated_returns_have_the_expected_mean_and_repeat() {
    let log = tiny_log();
    let (spec, distance) = (RewardSpec { diversity: 0.0, ..RewardSpec::default() }, tiny_distance(&log.catalogue));
    let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
    let (user, starts) = (UserModel::new(tiny_tables(), 1.0), StartStates::from_log(&log, 0..3).unwrap());
    // One listing only: the mean return is the expected reward of the first step, over starts 0, 2 and 0.
    let simulator = SessionSimulator::new(&user, &starts, 1);
    let mut policy = UniformRandom { actions: 2 };
    let run = |policy: &mut dyn Policy<SessionState>| simulate_sessions(policy, &simulator, reward, 30_000, 8);
    let sessions = run(&mut policy);
    let scores = PageScores::new(&user, reward);
    let (mut greedy, mut of_pages) = (FusedPages::by_declared_weights(&scores), Vec::new());
    let mut expected = 0.0;
    for item in [0, 2, 0] {
        scores.scores(&SessionState { history: vec![item], ..SessionState::default() }, &mut of_pages);
        let weights = scores.declared_weights();
        expected += fused_scores(FusionForm::Linear, &of_pages, &weights).iter().sum::<f64>() / 6.0;
    }
    let summary = sessions.summary();
    assert!((summary.mean_return - expected).abs() < 0.05, "{} of {expected}", summary.mean_return);
    assert_eq!((summary.mean_shown, summary.listing_coverage), (1.0, 1.0));
    assert_eq!(sessions, run(&mut policy));
    assert!(run(&mut greedy).summary().mean_return > summary.mean_return);
}

#[test]
fn visitors_are_the_same_under_every_policy() {
    let log = tiny_log();
    let (spec, distance) = (RewardSpec::default(), tiny_distance(&log.catalogue));
    let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
    let (user, starts) = (UserModel::new(tiny_tables(), 0.0), StartStates::from_log(&log, 0..3).unwrap());
    let simulator = SessionSimulator::new(&user, &starts, 1);
    let left = |action| {
        let sessions = simulate_sessions(&mut Constant { action }, &simulator, reward, 500, 8);
        sessions.outcomes.iter().map(|outcome| outcome.left).collect::<Vec<_>>()
    };
    // Without impatience leaving does not depend on the listing, so the same visitors leave.
    assert_eq!(left(0), left(1));
}

#[test]
fn session_policies_are_policies() {
    let user = UserModel::new(tiny_tables(), 1.0);
    let state = SessionState { history: vec![0], ..SessionState::default() };
    check_policy(&mut UniformRandom { actions: 2 }, &state, 2);
    check_policy(&mut Constant { action: 1 }, &state, 2);
    check_policy(&mut MarkovChain { tables: user.tables() }, &state, 2);
    check_policy(&mut SelfNavigation { tables: user.tables() }, &state, 2);
}
