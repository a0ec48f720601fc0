//! Learning from a log alone: nothing is tried out, and what the log never shows is not made up.
//!
//! | module | holds |
//! |---|---|
//! | `tabular/` | exact fixed points on a log of numbered states and actions: the ground truth of offline learning |
//! | `deep/` | the same with networks over rows of numbers, and TD3+BC for actions that are numbers |

pub mod deep;
pub mod tabular;
