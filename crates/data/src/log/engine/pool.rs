//! `TwoPools`: memory for what can spill, and apart from it memory for what cannot.
//!
//! ```text
//! ├── sorts, groups: shared evenly, the rest goes to disk ──┼── merges, tables of joins ──┤
//! 0                                                        1/3                            1
//! ```
//!
//! In one pool, sorts fill all there is, and the merge that reads them finds nothing left and fails. A merge counts the blocks
//! that it reads once more, and their keys: it needs more than the sort.

use std::fmt::{self, Display};

use datafusion::error::Result as EngineResult;
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// A pool of two parts.
#[derive(Debug)]
pub(super) struct TwoPools {
    bytes: usize,
    spills: FairSpillPool,
    stays: GreedyMemoryPool,
}

impl TwoPools {
    /// Divides so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let spills = bytes / 3;
        Self { bytes, spills: FairSpillPool::new(spills), stays: GreedyMemoryPool::new(bytes - spills) }
    }

    fn of(&self, consumer: &MemoryConsumer) -> &dyn MemoryPool {
        if consumer.can_spill() { &self.spills } else { &self.stays }
    }
}

impl MemoryPool for TwoPools {
    fn name(&self) -> &str {
        "two_pools"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.of(consumer).register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.of(consumer).unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.of(reservation.consumer()).grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.of(reservation.consumer()).shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> EngineResult<()> {
        self.of(reservation.consumer()).try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.spills.reserved() + self.stays.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}

impl Display for TwoPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (what can spill: {}, what cannot: {})", self.name(), self.spills, self.stays)
    }
}
