//! What is kept of a learner at a point of its path: a policy to be judged, and weights to be saved.

use slatewise_model::Mlp;
use slatewise_rl::deep::fusion::FusionGrid;
use slatewise_rl::deep::{Dqn, QNetwork, ValueNetwork};
use slatewise_rl::page_agents::{ActorPages, GridPages, PageScores, PageSlateQ};
use slatewise_rl::tabular::{QLearning, QTable, Sarsa};
use slatewise_rl::{EpsilonGreedy, Learner, Policy, SessionState, StateEncoder, StateIndex};

/// What a learner leaves behind.
pub(crate) enum Weights {
    /// Q per state and page.
    Pages(QTable),
    /// Q per row of a state and page.
    PagesNetwork(Box<ValueNetwork>),
    /// Q̄ per state and item.
    Items(QTable),
    /// Q per state and row of the grid of weights.
    Grid(QTable),
    /// The weights per row of a state.
    Actor(Box<Mlp>),
}

/// A policy that no longer learns.
pub(super) trait Kept {
    fn policy(&self) -> Box<dyn Policy<SessionState> + '_>;
    fn weights(&self) -> Weights;
}

/// A learner of which something can be kept while it goes on.
pub(super) trait Trainee: Learner<SessionState> {
    type Kept: Kept;

    fn kept(&self) -> Self::Kept;
}

/// A learner that is a table: all of it is kept, and acts by its values.
trait Tabular: Learner<SessionState> + Clone {
    fn table_weights(&self) -> Weights;
}

impl<L: Tabular> Kept for L {
    fn policy(&self) -> Box<dyn Policy<SessionState> + '_> {
        Box::new(EpsilonGreedy::greedy(self))
    }

    fn weights(&self) -> Weights {
        self.table_weights()
    }
}

impl<L: Tabular> Trainee for L {
    type Kept = Self;

    fn kept(&self) -> Self {
        self.clone()
    }
}

impl Tabular for QLearning<StateIndex<'_>> {
    fn table_weights(&self) -> Weights {
        Weights::Pages(self.table().clone())
    }
}

impl Tabular for Sarsa<StateIndex<'_>> {
    fn table_weights(&self) -> Weights {
        Weights::Pages(self.table().clone())
    }
}

impl Tabular for PageSlateQ<'_> {
    fn table_weights(&self) -> Weights {
        Weights::Items(self.table().clone())
    }
}

impl Kept for QNetwork<StateEncoder<'_>> {
    fn policy(&self) -> Box<dyn Policy<SessionState> + '_> {
        Box::new(EpsilonGreedy::greedy(self))
    }

    fn weights(&self) -> Weights {
        Weights::PagesNetwork(Box::new(self.network().clone()))
    }
}

impl<'a> Trainee for Dqn<StateEncoder<'a>> {
    type Kept = QNetwork<StateEncoder<'a>>;

    fn kept(&self) -> Self::Kept {
        self.snapshot()
    }
}

/// Values of rows of a grid of weights, with what turns weights into a page.
pub(super) struct OnGrid<'a> {
    pub(super) values: QLearning<StateIndex<'a>>,
    pub(super) scores: &'a PageScores<'a>,
    pub(super) grid: &'a FusionGrid,
}

impl Kept for OnGrid<'_> {
    fn policy(&self) -> Box<dyn Policy<SessionState> + '_> {
        Box::new(GridPages::new(&self.values, self.scores, self.grid))
    }

    fn weights(&self) -> Weights {
        Weights::Grid(self.values.table().clone())
    }
}

impl Kept for ActorPages<'_> {
    fn policy(&self) -> Box<dyn Policy<SessionState> + '_> {
        Box::new(self.clone())
    }

    fn weights(&self) -> Weights {
        Weights::Actor(Box::new(self.actor().network().clone()))
    }
}
