//! What holds for every model: one binary, so that the tensor library is linked once.

mod astray;
mod balancing;
mod checkpoint;
mod conformance;
mod damage;
mod determinism;
mod fixture;
mod golden;
mod heads;
mod learning;
mod parts;
mod resume;
mod training;
