//! The Pareto front of points with several objectives, all to be maximised, and the hypervolume that two of them cover.
//!
//! ```text
//! p dominates q    p ≥ q in every objective, and p > q in at least one
//! front            the points that no other dominates; equal points do not dominate each other, so both stay
//! hypervolume      area of  ⋃_p [r₁, p₁] × [r₂, p₂]  over the points that are above the reference point r in both objectives
//! ```
//!
//! References: Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II" (dominance); Zitzler & Thiele 1999,
//! "Multiobjective evolutionary algorithms: a comparative case study and the strength Pareto approach" (hypervolume). Dominance is
//! tested pair by pair, O(N² M): meant for the policies of a report, not for populations of thousands.

/// Which points no other dominates, as indices in ascending order.
///
/// # Shapes
/// `points [N, M]`, row by row, finite → indices below N
pub fn pareto_front(points: &[f64], objectives: usize) -> Vec<usize> {
    let values = points.len();
    assert!(
        objectives >= 1 && values.is_multiple_of(objectives),
        "points of shape [{values}] are not rows of shape [{objectives}]"
    );
    let rows: Vec<&[f64]> = points.chunks_exact(objectives).collect();
    let dominated = |point: &[f64]| rows.iter().any(|other| dominates(other, point));
    (0..rows.len()).filter(|&index| !dominated(rows[index])).collect()
}

/// Whether `one` is at least as good everywhere and better somewhere.
///
/// # Shapes
/// `one [M]`, `other [M]`
pub fn dominates(one: &[f64], other: &[f64]) -> bool {
    let (left, right) = (one.len(), other.len());
    assert!(left == right, "a point of shape [{left}] beside one of shape [{right}]");
    let mut pairs = one.iter().zip(other);
    pairs.clone().all(|(a, b)| a >= b) && pairs.any(|(a, b)| a > b)
}

/// The area that points in two objectives cover above a reference point; points that are not above it in both cover nothing.
///
/// # Shapes
/// `points [N, 2]`, finite; `reference [2]`
pub fn hypervolume(points: &[[f64; 2]], reference: [f64; 2]) -> f64 {
    let above = |point: &&[f64; 2]| point[0] > reference[0] && point[1] > reference[1];
    let mut points: Vec<[f64; 2]> = points.iter().filter(above).copied().collect();
    // From the best in the first objective on, each point adds what reaches higher in the second than those before it.
    points.sort_by(|a, b| b[0].total_cmp(&a[0]));
    let (mut covered, mut height) = (0.0, reference[1]);
    for [first, second] in points {
        covered += (first - reference[0]) * (second - height).max(0.0);
        height = height.max(second);
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_equals_hand_computation() {
        // (1, 4), (3, 3) and (4, 1) trade off; (2, 2) lies below (3, 3), (1, 3) below (1, 4); the second (3, 3) is an equal.
        let points = [1.0, 4.0, 3.0, 3.0, 2.0, 2.0, 4.0, 1.0, 3.0, 3.0, 1.0, 3.0];
        assert_eq!(pareto_front(&points, 2), [0, 1, 3, 4]);
        // In three objectives (2, 2, 9) is no longer dominated by (3, 3, 0).
        assert_eq!(pareto_front(&[3.0, 3.0, 0.0, 2.0, 2.0, 9.0, 2.0, 2.0, 8.0], 3), [0, 1]);
        assert_eq!(pareto_front(&[5.0, -1.0, 5.0], 1), [0, 2]);
        assert!(pareto_front(&[], 2).is_empty());
    }

    #[test]
    fn the_hypervolume_equals_hand_computation() {
        // Above (0, 0): 4 · 1, then 3 · (3 − 1), then 1 · (4 − 3) = 11; (2, 2) adds nothing.
        let points = [[1.0, 4.0], [3.0, 3.0], [2.0, 2.0], [4.0, 1.0]];
        assert_eq!(hypervolume(&points, [0.0, 0.0]), 11.0);
        // Above (1, 1): only (3, 3) is inside, 2 · 2; the others lie on the edge.
        assert_eq!(hypervolume(&points, [1.0, 1.0]), 4.0);
        assert_eq!(hypervolume(&[[1.0, 1.0], [1.0, 3.0]], [0.0, 0.0]), 3.0);
        assert_eq!(hypervolume(&[], [0.0, 0.0]), 0.0);
    }

    #[test]
    #[should_panic(expected = "points of shape [3] are not rows of shape [2]")]
    fn shapes_are_checked() {
        pareto_front(&[1.0; 3], 2);
    }
}
