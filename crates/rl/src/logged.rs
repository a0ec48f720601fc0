//! Logged sessions as trajectories: what happened, as if a policy had shown the listings that visitors went to.
//!
//! ```text
//! clicks       x1          x2              x3
//! state        s1 = [x1]   s2 = [x1 x2]    s3 = [x1 x2 x3]      left
//! transition   (s1, a = listing of x2, u r(x2), u · 1, s2, next action = listing of x3)      u = take-up of a in s1
//!              (s2, a = listing of x3, u r(x3), u · 0, s3, none)                             u = take-up of a in s2
//! ```
//!
//! **Leaving.** After the last click the visitor left, but the log does not say which listing they were looking at, so leaving cannot be
//! a transition of its own. It is charged to the click before it: the transition into the last click has discount 0. A state that visitors
//! often leave is thus often the end of a transition, and its value enters as γ · P(another click) · V, as it should.
//!
//! **Choosing for oneself.** Nobody was shown a listing against their will, so the log tells what a listing earns *from those who went
//! there*; taken at its word, the best action would be a page that a few enthusiasts look for. How many others would take it up is the
//! declared assumption of the `UserModel`: u = (listing(a) / max_b listing(b))^τ. With probability 1 − u the visitor would have left with
//! nothing, so reward and discount are both multiplied by u (a discount in [0, 1] carries the probability of going on). With τ = 0, u = 1.
//!
//! The optimal values are then those of the simulator divided by P(another click | s), so both agree on the best action.
//! Sessions of one click hold no transition.

use std::ops::Range;

use slatewise_data::ImpressionLog;

use crate::error::Error;
use crate::reward::SessionReward;
use crate::session::{Response, SessionState};
use crate::simulator::UserModel;
use crate::transition::{Trajectory, Transition};

/// The trajectories of a range of sessions under the patience of `user`; `represent` turns each state into what the learner keeps of it.
///
/// # Errors
/// No session of at least two clicks.
pub fn logged_trajectories<S: Clone>(
    log: &ImpressionLog,
    sessions: Range<u32>,
    reward: SessionReward<'_>,
    user: &UserModel,
    mut represent: impl FnMut(&SessionState) -> S,
) -> Result<Vec<Trajectory<S>>, Error> {
    let mut trajectories = Vec::new();
    let mut state = SessionState::default();
    for session in sessions.clone() {
        let choices = log.choices_of(session);
        let [first, followers @ ..] = choices else { continue };
        if followers.is_empty() {
            continue;
        }
        state.begin(log, session);
        state.history.push(*first);
        let mut observation = represent(&state);
        let listing = |item: &u32| log.catalogue.listing_of[*item as usize] as usize;
        let mut trajectory = Trajectory { transitions: Vec::with_capacity(followers.len()) };
        for (place, item) in followers.iter().enumerate() {
            let action = listing(item);
            let take_up = user.take_up(user.tables().situation(&state), action);
            let reward = reward.components(Response::Clicked(*item), &state.history).total();
            state.history.push(*item);
            let next_observation = represent(&state);
            let next_action = followers.get(place + 1).map(listing);
            trajectory.transitions.push(Transition {
                observation: std::mem::replace(&mut observation, next_observation.clone()),
                action,
                reward: take_up * reward,
                discount: if next_action.is_some() { take_up } else { 0.0 },
                next_observation,
                next_action,
            });
        }
        trajectories.push(trajectory);
    }
    if trajectories.is_empty() {
        let Range { start, end } = sessions;
        return Err(Error::NoSessions { purpose: "logged transitions", start, end, missing: "session of two clicks" });
    }
    Ok(trajectories)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reward::RewardSpec;
    use crate::testing::{tiny_distance, tiny_log, tiny_tables};

    #[test]
    fn trajectories_of_a_tiny_log_equal_hand_computation() {
        let log = tiny_log();
        let spec = RewardSpec { diversity: 0.0, ..RewardSpec::default() };
        let distance = tiny_distance(&log.catalogue);
        let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
        let user = UserModel::new(tiny_tables(), 0.0);
        let trajectories = logged_trajectories(&log, 0..3, reward, &user, |state| state.history.clone()).unwrap();
        // Sessions [0, 3, 1], [2], [0, 1]: the second holds no transition. Item 3 is premium and stands in listing 1.
        let transition = |before: &[u32], action, reward, discount, after: &[u32], next_action| Transition {
            observation: before.to_vec(),
            action,
            reward,
            discount,
            next_observation: after.to_vec(),
            next_action,
        };
        let first =
            vec![transition(&[0], 1, 5.0, 1.0, &[0, 3], Some(0)), transition(&[0, 3], 0, 1.0, 0.0, &[0, 3, 1], None)];
        let second = vec![transition(&[0], 0, 1.0, 0.0, &[0, 1], None)];
        assert_eq!(trajectories, [Trajectory { transitions: first }, Trajectory { transitions: second }]);
    }

    #[test]
    fn impatience_scales_reward_and_discount() {
        let log = tiny_log();
        let spec = RewardSpec { diversity: 0.0, ..RewardSpec::default() };
        let distance = tiny_distance(&log.catalogue);
        let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
        let user = UserModel::new(tiny_tables(), 1.0);
        let trajectories = logged_trajectories(&log, 0..3, reward, &user, |_| ()).unwrap();
        let scaled = |session: usize, step: usize| {
            let transition = &trajectories[session].transitions[step];
            (transition.reward, transition.discount)
        };
        // After item 0 listings weigh [1, 3]: listing 1 is the favourite, listing 0 is taken up by a third.
        assert_eq!(scaled(0, 0), (5.0, 1.0));
        let (reward, discount) = scaled(1, 0);
        assert!((reward - 1.0 / 3.0).abs() < 1e-6 && discount == 0.0);
    }

    #[test]
    fn nothing_to_learn_from_is_an_error() {
        let log = tiny_log();
        let (spec, distance) = (RewardSpec::default(), tiny_distance(&log.catalogue));
        let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
        let user = UserModel::new(tiny_tables(), 0.0);
        let message = logged_trajectories(&log, 1..2, reward, &user, |_| ()).unwrap_err().to_string();
        assert_eq!(
            message,
            "logged transitions: sessions 1..2 hold no session of two clicks; widen that part of data.split"
        );
    }
}
