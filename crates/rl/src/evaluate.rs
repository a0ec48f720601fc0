//! What a policy is worth: in simulated sessions, and beside what visitors of a log did.
//!
//! ```text
//! simulate_sessions   policy × simulator → one SessionOutcome per session
//!                     session i has its own generator, so all policies meet the same starts and chance in it: compare in pairs;
//!                     many go side by side, so that a network decides for all of them in one forward pass
//! compare_with_log    policy × logged states → how often it shows the listing that the visitor went to next
//! ```
//!
//! Agreement with the log says whether a policy shows what visitors look for anyway, not whether it earns more: the log holds
//! no answer to a listing that was not looked at.

use std::ops::Range;

use serde::Serialize;
use slatewise_data::ImpressionLog;

use crate::environment::Environment;
use crate::error::Error;
use crate::policy::Policy;
use crate::reward::{RewardComponents, SessionReward};
use crate::session::{Response, SessionState};
use crate::simulator::SessionSimulator;
use crate::streams::Streams;

/// What came of one simulated session, after its first click.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SessionOutcome {
    /// Undiscounted sum of rewards.
    pub total_reward: f64,
    /// Its parts.
    pub reward: RewardComponents,
    /// Listings shown.
    pub shown: u32,
    /// Clicks, premium ones included.
    pub clicks: u32,
    /// Clicks on premium items.
    pub premium_clicks: u32,
    /// Sum over clicks of how unlike the item was to those before, each in [0, 1].
    pub diversity: f64,
    /// Distinct listings shown.
    pub distinct_listings: u32,
    /// Whether the visitor left, rather than the session being cut off.
    pub left: bool,
}

/// All sessions of one policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SimulatedSessions {
    /// In order; session i is the same visitor under every policy.
    pub outcomes: Vec<SessionOutcome>,
    /// How often each listing was shown, `[A]`.
    pub shown_per_listing: Vec<u64>,
}

/// Means over sessions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SessionSummary {
    /// Number of sessions.
    pub sessions: u64,
    /// Mean undiscounted return.
    pub mean_return: f64,
    /// Mean parts of the return.
    pub mean_reward: RewardComponents,
    /// Mean listings shown.
    pub mean_shown: f64,
    /// Mean clicks.
    pub mean_clicks: f64,
    /// Mean premium clicks.
    pub mean_premium_clicks: f64,
    /// Mean over sessions of the sum over clicks of how unlike the item was to those before.
    pub mean_variety: f64,
    /// Mean diversity of a click, in [0, 1]; 0 without clicks.
    pub mean_diversity: f64,
    /// Mean number of distinct listings shown in a session.
    pub mean_distinct_listings: f64,
    /// Share of all listings that were shown at all, in [0, 1].
    pub listing_coverage: f64,
}

impl SessionSummary {
    /// What each term of the reward counts per session, unweighted: clicks that are not premium, premium clicks, variety.
    pub fn terms(&self) -> [f64; 3] {
        [self.mean_clicks - self.mean_premium_clicks, self.mean_premium_clicks, self.mean_variety]
    }
}

impl SimulatedSessions {
    /// Returns per session, for intervals and paired differences.
    pub fn returns(&self) -> Vec<f64> {
        self.outcomes.iter().map(|outcome| outcome.total_reward).collect()
    }

    /// Means.
    pub fn summary(&self) -> SessionSummary {
        let count = self.outcomes.len().max(1) as f64;
        let total = |of: &dyn Fn(&SessionOutcome) -> f64| self.outcomes.iter().map(of).sum::<f64>();
        let mean = |of: &dyn Fn(&SessionOutcome) -> f64| total(of) / count;
        let clicks = total(&|o| f64::from(o.clicks));
        let covered = self.shown_per_listing.iter().filter(|&&shown| shown > 0).count();
        SessionSummary {
            sessions: self.outcomes.len() as u64,
            mean_return: mean(&|o| o.total_reward),
            mean_reward: RewardComponents {
                click: mean(&|o| o.reward.click),
                premium: mean(&|o| o.reward.premium),
                diversity: mean(&|o| o.reward.diversity),
            },
            mean_shown: mean(&|o| f64::from(o.shown)),
            mean_clicks: clicks / count,
            mean_premium_clicks: mean(&|o| f64::from(o.premium_clicks)),
            mean_variety: mean(&|o| o.diversity),
            mean_diversity: total(&|o| o.diversity) / clicks.max(1.0),
            mean_distinct_listings: mean(&|o| f64::from(o.distinct_listings)),
            listing_coverage: covered as f64 / self.shown_per_listing.len().max(1) as f64,
        }
    }
}

/// Follows a policy through `sessions` simulated sessions.
pub fn simulate_sessions(
    policy: &mut dyn Policy<SessionState>,
    simulator: &SessionSimulator<'_>,
    reward: SessionReward<'_>,
    sessions: u64,
    seed: u64,
) -> SimulatedSessions {
    let listings = reward.catalogue.listings.len();
    let mut all = SimulatedSessions { outcomes: Vec::new(), shown_per_listing: vec![0; listings] };
    for first in (0..sessions).step_by(SIDE_BY_SIDE) {
        let last = sessions.min(first + SIDE_BY_SIDE as u64);
        let mut streams: Vec<Streams> = (first..last).map(|session| Streams::of_session(seed, session)).collect();
        let mut visits: Vec<Visit<'_>> = streams.iter().map(|_| Visit::new(simulator.clone(), listings)).collect();
        visits.iter_mut().zip(&mut streams).for_each(|(visit, streams)| {
            visit.simulator.reset(&mut streams.simulate);
        });
        let mut open: Vec<usize> = (0..visits.len()).collect();
        // What a policy draws comes from the first of them: a policy decides for all at once.
        let (mut decisions, mut explore) = (Vec::new(), Streams::of_session(seed, first).explore);
        while !open.is_empty() {
            decisions.clear();
            let observations = &mut open.iter().map(|&place| visits[place].simulator.observation());
            policy.decide_all(observations, &mut decisions, &mut explore);
            let mut made = decisions.iter();
            open.retain(|&place| {
                let Some(decision) = made.next() else { return false };
                all.shown_per_listing[decision.action] += 1;
                !visits[place].show(decision.action, reward, &mut streams[place])
            });
        }
        all.outcomes.extend(visits.into_iter().map(|visit| visit.outcome));
    }
    all
}

/// Sessions that are simulated at once.
const SIDE_BY_SIDE: usize = 512;

/// A session under way.
struct Visit<'a> {
    simulator: SessionSimulator<'a>,
    outcome: SessionOutcome,
    seen: Vec<bool>,
}

impl<'a> Visit<'a> {
    fn new(simulator: SessionSimulator<'a>, listings: usize) -> Self {
        Self { simulator, outcome: SessionOutcome::default(), seen: vec![false; listings] }
    }

    /// Shows a listing; whether the session is over.
    fn show(&mut self, listing: usize, reward: SessionReward<'_>, streams: &mut Streams) -> bool {
        let step = self.simulator.step(listing, &mut streams.simulate);
        self.outcome.shown += 1;
        self.outcome.distinct_listings += u32::from(!std::mem::replace(&mut self.seen[listing], true));
        if let Some(response) = step.response {
            self.outcome.add(response, step.observation, reward);
        }
        step.is_last()
    }
}

impl SessionOutcome {
    fn add(&mut self, response: Response, after: &SessionState, reward: SessionReward<'_>) {
        let Response::Clicked(item) = response else {
            self.left = true;
            return;
        };
        let parts = reward.components_after(response, after);
        self.total_reward += parts.total();
        self.reward.click += parts.click;
        self.reward.premium += parts.premium;
        self.reward.diversity += parts.diversity;
        self.clicks += 1;
        self.premium_clicks += u32::from(reward.catalogue.premium[item as usize]);
        self.diversity += reward.diversity_gain(item, &after.history[..after.depth() - 1]);
    }
}

/// A policy beside a log.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LogAgreement {
    /// Logged states that another click followed.
    pub states: u64,
    /// Mean π(logged next listing | state), in [0, 1].
    pub agreement: f64,
    /// The same, each state weighted by the reward of its next click.
    pub rewarded_agreement: f64,
    /// Mean π(listing), `[A]`.
    pub shown_per_listing: Vec<f64>,
    /// Share of listings that would be shown at least once, in [0, 1].
    pub listing_coverage: f64,
}

/// Compares a policy's choices with the listings that visitors went to; nothing is drawn, probabilities are used as they are.
///
/// # Errors
/// No session of at least two clicks.
pub fn compare_with_log(
    policy: &mut dyn Policy<SessionState>,
    log: &ImpressionLog,
    sessions: Range<u32>,
    reward: SessionReward<'_>,
) -> Result<LogAgreement, Error> {
    let listings = log.catalogue.listings.len();
    let mut result = LogAgreement { shown_per_listing: vec![0.0; listings], ..LogAgreement::default() };
    let (mut probabilities, mut rewards) = (vec![0.0; listings], 0.0);
    let mut state = SessionState::default();
    for session in sessions.clone() {
        state.begin(log, session);
        for pair in log.choices_of(session).windows(2) {
            state.history.push(pair[0]);
            policy.probabilities(&state, &mut probabilities);
            let hit = probabilities[log.catalogue.listing_of[pair[1] as usize] as usize];
            let earned = reward.components(Response::Clicked(pair[1]), &state.history).total();
            result.states += 1;
            result.agreement += hit;
            result.rewarded_agreement += hit * earned;
            rewards += earned;
            result.shown_per_listing.iter_mut().zip(&probabilities).for_each(|(sum, p)| *sum += p);
        }
    }
    if result.states == 0 {
        let Range { start, end } = sessions;
        return Err(Error::NoSessions { purpose: "policy replay", start, end, missing: "session of two clicks" });
    }
    let states = result.states as f64;
    // Sums of probabilities are rounded: a listing shown once must not count as shown 0.999… times.
    let covered = result.shown_per_listing.iter().filter(|&&sum| sum >= 1.0 - 1e-9).count();
    result.listing_coverage = covered as f64 / listings as f64;
    result.agreement /= states;
    result.rewarded_agreement /= if rewards > 0.0 { rewards } else { 1.0 };
    result.shown_per_listing.iter_mut().for_each(|sum| *sum /= states);
    Ok(result)
}

#[cfg(test)]
mod tests;
