//! Estimators for logs of single decisions, one per file. All take [`BanditRounds`].

mod direct_method;
mod doubly_robust;
mod headline;
mod ips;
mod propensity;
mod rounds;
mod shrinkage;
mod sndr;
mod snips;
mod tuning;

pub use direct_method::DirectMethod;
pub use doubly_robust::DoublyRobust;
pub use headline::{Constant, Headline, PairedTest, Verdict};
pub use ips::Ips;
pub use propensity::{ActionPropensity, PropensityDiagnostics, Shift};
pub use rounds::{BanditRounds, Round};
pub use shrinkage::Shrinkage;
pub use sndr::SelfNormalisedDoublyRobust;
pub use snips::Snips;
pub use tuning::{Base, Candidate, Criterion, Tuning, tune};
