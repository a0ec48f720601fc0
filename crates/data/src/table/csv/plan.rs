//! `Plan`: what to do with each column of the file, decided once.

use super::super::wanted::Kind;

/// What to do with each column of the file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) delimiter: u8,
    pub(super) steps: Vec<Step>,
}

/// What to do with one column of the file, and the wanted columns that it is: mostly one or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Skip,
    Number([(usize, Kind); 1]),
    Id([(usize, Kind); 1]),
    Several(Vec<(usize, Kind)>),
}

impl Step {
    pub(super) fn slots(&self) -> &[(usize, Kind)] {
        match self {
            Self::Skip => &[],
            Self::Number(slot) | Self::Id(slot) => slot,
            Self::Several(slots) => slots,
        }
    }
}

impl Plan {
    /// `places` says for each wanted column where it stands in the file.
    pub(super) fn new(delimiter: u8, columns: usize, places: &[usize], kinds: &[Kind]) -> Self {
        let step = |column: usize| {
            let slots = (0..places.len()).filter(|&slot| places[slot] == column).map(|slot| (slot, kinds[slot]));
            match slots.collect::<Vec<_>>()[..] {
                [] => Step::Skip,
                [slot @ (_, Kind::Number | Kind::NumberOrEmpty)] => Step::Number([slot]),
                [slot @ (_, Kind::Id | Kind::IdOrEmpty)] => Step::Id([slot]),
                ref slots => Step::Several(slots.to_vec()),
            }
        };
        Self { delimiter, steps: (0..columns).map(step).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_knows_what_it_is_wanted_as() {
        let plan = Plan::new(b',', 4, &[2, 0, 2], &[Kind::Number, Kind::Id, Kind::Id]);
        let both = Step::Several(vec![(0, Kind::Number), (2, Kind::Id)]);
        assert_eq!(plan.steps, [Step::Id([(1, Kind::Id)]), Step::Skip, both, Step::Skip]);
    }
}
