//! Learning from logs alone, without acting.

pub mod deep;
