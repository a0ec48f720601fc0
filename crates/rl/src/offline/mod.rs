//! Learning from a log alone: nothing is tried out, and what the log never shows is not made up.
//!
//! | module | holds |
//! |---|---|
//! | `tabular/` | exact fixed points on a log of numbered states and actions: the ground truth of offline learning |

pub mod tabular;
