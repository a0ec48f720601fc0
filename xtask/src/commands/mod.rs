//! One file or folder per command.

pub(crate) mod check_reference;
pub(crate) mod compare;
pub(crate) mod compare_models;
pub(crate) mod compare_policies;
pub(crate) mod data;
pub(crate) mod early_stopping;
pub(crate) mod metrics;
pub(crate) mod ope;
pub(crate) mod reproduce;
pub(crate) mod rl;
pub(crate) mod simulate;
pub(crate) mod train;
pub(crate) mod train_mapped;
