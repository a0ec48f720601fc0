//! The data engine on typed rows written by hand: cleaning, joins, derived columns, parts, profiles; values computed by hand.

mod cleaning;
mod deriving;
mod dividing;
mod joining;
mod live;
mod looking;
mod memory;
mod rows;
