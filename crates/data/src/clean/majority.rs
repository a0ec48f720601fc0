//! One value per group, by majority: how rows that contradict each other about an item, a listing or a session are settled.
//!
//! The value that most of the group's rows have wins; of several that are equally common the lowest (numbers by size, then text by bytes).
//!
//! ```text
//! group   0 0 0 1 1            winner of 0: b (2 of 3)
//! value   b a b c a            winner of 1: a (1 of 2, the lowest)
//! ```

/// Per group the winning choice, `None` for a group without votes. `rank` orders the choices for ties.
///
/// # Shapes
/// `votes` are pairs (group, choice), group < `groups`, choice < `rank.len()`.
pub(crate) fn majority(
    groups: usize,
    votes: impl Iterator<Item = (u32, u32)> + Clone,
    rank: &[u32],
) -> Vec<Option<u32>> {
    let mut winner: Vec<Option<u32>> = vec![None; groups];
    let mut torn = vec![false; groups];
    for (group, choice) in votes.clone() {
        let first = *winner[group as usize].get_or_insert(choice);
        torn[group as usize] |= first != choice;
    }
    // Few groups disagree with themselves, so only those are counted.
    let mut ballots: Vec<(u32, u32, u32)> = votes
        .filter(|&(group, _)| torn[group as usize])
        .map(|(group, choice)| (group, rank[choice as usize], choice))
        .collect();
    ballots.sort_unstable();
    let mut most = vec![0; groups];
    for same in ballots.chunk_by(|a, b| a == b) {
        let (group, _, choice) = same[0];
        // Ascending by rank, so a later choice must have more votes to win.
        if same.len() > most[group as usize] {
            most[group as usize] = same.len();
            winner[group as usize] = Some(choice);
        }
    }
    winner
}

/// How many votes differ from their group's winner.
pub(crate) fn count_disagreements(votes: impl Iterator<Item = (u32, u32)>, winner: &[u32]) -> u64 {
    votes.filter(|&(group, choice)| winner[group as usize] != choice).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_wins_and_then_the_lowest() {
        let rank = [2, 0, 1];
        let votes = [(0, 0), (0, 1), (0, 0), (1, 2), (1, 1), (3, 0)];
        assert_eq!(majority(4, votes.into_iter(), &rank), [Some(0), Some(1), None, Some(0)]);
        assert_eq!(count_disagreements(votes.into_iter(), &[0, 1, 9, 0]), 2);
    }
}
