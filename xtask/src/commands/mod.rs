//! One file or folder per command.

pub(crate) mod compare;
pub(crate) mod metrics;
pub(crate) mod ope;
pub(crate) mod train;
