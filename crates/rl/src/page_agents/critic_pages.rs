//! `CriticPages`: an actor sets the weights by which a page is chosen, a critic per term of the reward says what that earns (RMTL,
//! `deep/fusion/rmtl.rs`); `ActorPages`, the policy that follows.
//!
//! ```text
//! session s ──StateEncoder──▶ row ──actor──▶ w ──argmax_a Σ_k w_k P_k(s, a)──▶ page ──▶ terms of the reward, one critic each
//! rewards   [1 if a click, 1 if a premium one instead, diversity gain]      λ   what each is worth: click, premium, diversity
//! ```

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;

use super::page_scores::{PAGE_TASKS, PageScores};
use crate::deep::fusion::{FusionActor, FusionTransition, Rmtl, RmtlConfig};
use crate::policy::{Decision, Policy, degenerate};
use crate::reward::SessionReward;
use crate::rollout::Agent;
use crate::session::{Response, SessionState};
use crate::simulator::SessionSimulator;
use crate::state::{Encoder, StateEncoder};
use crate::time_step::TimeStep;

/// The terms of the reward, each with a critic, in order.
pub const PAGE_TERMS: [&str; 3] = ["click", "premium", "diversity"];

/// The agent at work, over any number of sessions at once.
pub struct CriticPages<'a> {
    scores: &'a PageScores<'a>,
    encoder: StateEncoder<'a>,
    learner: Rmtl,
    reward: SessionReward<'a>,
    /// Per environment, the row of its observation.
    rows: Vec<Vec<f32>>,
    /// Per environment, the weights decided on last.
    weights: Vec<Vec<f64>>,
}

impl<'a> CriticPages<'a> {
    /// Draws the networks; λ is the declared reward's, whatever `config` says.
    pub fn new(
        scores: &'a PageScores<'a>,
        (encoder, config): (StateEncoder<'a>, RmtlConfig),
        reward: SessionReward<'a>,
        (device, rng): (&Device, &mut ChaCha8Rng),
    ) -> Self {
        let reward_weights = vec![reward.spec.click, reward.spec.premium, reward.spec.diversity];
        let config = RmtlConfig { reward_weights, ..config };
        let learner = Rmtl::new(encoder.width(), PAGE_TASKS.len(), config, device, rng);
        Self { scores, encoder, learner, reward, rows: Vec::new(), weights: Vec::new() }
    }

    /// The learner, to change its λ.
    pub fn learner(&mut self) -> &mut Rmtl {
        &mut self.learner
    }

    /// The policy as it is now.
    pub fn policy(&self) -> ActorPages<'a> {
        ActorPages { scores: self.scores, encoder: self.encoder.clone(), actor: self.learner.actor().clone() }
    }

    /// What each critic is rewarded with, unweighted.
    fn terms(&self, response: Response, after: &SessionState) -> Vec<f64> {
        let Response::Clicked(item) = response else { return vec![0.0; PAGE_TERMS.len()] };
        let premium = f64::from(u8::from(self.reward.catalogue.premium[item as usize]));
        let gain = self.reward.diversity_gain(item, &after.history[..after.depth() - 1]);
        vec![1.0 - premium, premium, gain]
    }
}

impl<'a> Agent<SessionSimulator<'a>> for CriticPages<'_> {
    fn decide(
        &mut self,
        observations: &mut dyn Iterator<Item = &SessionState>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        let explored = self.learner.decide_all(self.rows.concat(), rng);
        self.weights.clear();
        for (session, explored) in observations.zip(explored) {
            // The density of the weights, at most as likely as the page: other weights lead to it too.
            let propensity = explored.log_density.exp();
            decisions.push(Decision { action: self.scores.best(session, &explored.weights), propensity });
            self.weights.push(explored.weights);
        }
    }

    fn observe(
        &mut self,
        slot: usize,
        _decision: Option<Decision>,
        step: &TimeStep<'_, SessionState, Response>,
        rng: &mut ChaCha8Rng,
    ) {
        if self.rows.len() <= slot {
            self.rows.resize_with(slot + 1, Vec::new);
        }
        let next_row = row(&self.encoder, step.observation);
        if let Some(response) = step.response {
            let transition = FusionTransition {
                row: std::mem::take(&mut self.rows[slot]),
                weights: self.weights[slot].clone(),
                rewards: self.terms(response, step.observation),
                discount: step.discount,
                next_row: next_row.clone(),
            };
            self.learner.update(&transition, rng);
        }
        self.rows[slot] = next_row;
    }
}

/// Shows the best page under the weights that an actor sets.
#[derive(Debug, Clone)]
pub struct ActorPages<'a> {
    scores: &'a PageScores<'a>,
    encoder: StateEncoder<'a>,
    actor: FusionActor,
}

impl ActorPages<'_> {
    /// The actor.
    pub fn actor(&self) -> &FusionActor {
        &self.actor
    }

    /// The weights in a state.
    ///
    /// # Shapes
    /// `[K]`, one per task of [`PAGE_TASKS`]
    pub fn weights(&self, session: &SessionState) -> Vec<f64> {
        self.actor.weights(row(&self.encoder, session)).remove(0)
    }

    fn page(&self, session: &SessionState) -> usize {
        self.scores.best(session, &self.weights(session))
    }
}

impl Policy<SessionState> for ActorPages<'_> {
    fn probabilities(&mut self, observation: &SessionState, probabilities: &mut [f64]) {
        degenerate(self.page(observation), probabilities);
    }

    fn decide(&mut self, observation: &SessionState, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.page(observation), propensity: 1.0 }
    }

    fn decide_all(
        &mut self,
        observations: &mut dyn Iterator<Item = &SessionState>,
        decisions: &mut Vec<Decision>,
        _rng: &mut ChaCha8Rng,
    ) {
        let sessions: Vec<&SessionState> = observations.collect();
        let rows = sessions.iter().flat_map(|session| row(&self.encoder, session)).collect();
        let pages = sessions.iter().zip(self.actor.weights(rows));
        let pages = pages.map(|(session, weights)| self.scores.best(session, &weights));
        decisions.extend(pages.map(|action| Decision { action, propensity: 1.0 }));
    }
}

fn row(encoder: &StateEncoder<'_>, session: &SessionState) -> Vec<f32> {
    let mut row = vec![0.0; encoder.width()];
    encoder.encode(session, &mut row);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::simulate_sessions;
    use crate::policy::{Constant, UniformRandom};
    use crate::reward::RewardSpec;
    use crate::rollout::{Budget, rollout};
    use crate::session::StartStates;
    use crate::simulator::UserModel;
    use crate::state::{PriceMoments, StateFeature, StateSpec};
    use crate::streams::Streams;
    use crate::testing::{TinyShop, check_policy, tiny_tables};
    use rand::SeedableRng;

    #[test]
    fn critics_lead_to_the_page_that_pays() {
        let shop = TinyShop::new(RewardSpec::default());
        let (log, reward) = (&shop.log, shop.reward());
        let user = UserModel::new(tiny_tables(), 1.0);
        let starts = StartStates::from_log(log, 0..3).unwrap();
        let scores = PageScores::new(&user, reward);
        let index = StateSpec { features: vec![StateFeature::LastItem] }.resolve(&log.catalogue);
        let encoder = StateEncoder::new(index, PriceMoments { mean: 25.0, deviation: 10.0 });
        let config = RmtlConfig { hidden: vec![16], learning_starts: 100, exploration: 1.0, ..RmtlConfig::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut agent = CriticPages::new(&scores, (encoder, config), reward, (&Device::flex(), &mut rng));
        // The terms are unweighted, λ is what they are worth.
        let after = SessionState { history: vec![0, 3], ..SessionState::default() };
        assert_eq!(agent.terms(Response::Clicked(3), &after), [0.0, 1.0, 1.0]);
        assert_eq!(agent.terms(Response::Left, &after), [0.0; 3]);
        assert_eq!(agent.learner().reward_weights(), [1.0, 5.0, 0.5]);

        let simulator = SessionSimulator::new(&user, &starts, 10);
        let mut environments = vec![simulator.clone(); 4];
        rollout(&mut environments, &mut agent, Budget::Steps(1_500), &mut Streams::new(5));
        let mut policy = agent.policy();
        check_policy(&mut policy, &SessionState { history: vec![2], ..SessionState::default() }, 2);
        let value = |policy: &mut dyn Policy<SessionState>| {
            simulate_sessions(policy, &simulator, reward, 2_000, 6).summary().mean_return
        };
        let best = [0, 1].map(|action| value(&mut Constant { action })).into_iter().fold(0.0, f64::max);
        let (learned, random) = (value(&mut policy), value(&mut UniformRandom { actions: 2 }));
        assert!(learned > best.max(random), "{learned} against {best} by the better page, {random} by chance");
    }
}
