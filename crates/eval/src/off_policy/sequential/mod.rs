//! Estimators for logs of several steps. All take [`Trajectories`].

mod doubly_robust;
mod per_decision;
mod trajectories;
mod trajectory_wise;

pub use doubly_robust::{SequentialDirectMethod, SequentialDoublyRobust, WeightedDoublyRobust};
pub use per_decision::{PerDecisionIs, PerDecisionWis};
pub use trajectories::{StepModel, Steps, Trajectories};
pub use trajectory_wise::{TrajectoryIs, TrajectoryWis};
