//! `SumTree`: priorities as the leaves of a binary tree of sums, changed and searched in log N.
//!
//! ```text
//!              1: p0+p1+p2+p3                  node k has children 2k and 2k + 1
//!         2: p0+p1     3: p2+p3                leaf i is node `leaves` + i
//!        4: p0  5: p1  6: p2  7: p3
//!
//! find(m)   the leaf i with  p_0 + ... + p_{i-1} ≤ m < p_0 + ... + p_i
//! ```
//!
//! A node is summed anew from its two children, so that rounding does not add up over millions of changes. The least leaf is kept in
//! the same way: the largest importance weight follows from it.
//!
//! Reference: Schaul, Quan, Antonoglou & Silver 2016, "Prioritized experience replay", appendix B.2.1.

/// Sums and least values over leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct SumTree {
    leaves: usize,
    sum: Vec<f64>,
    least: Vec<f64>,
}

impl SumTree {
    /// A tree of `capacity` ≥ 1 leaves, all empty.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity >= 1, "a sum tree of shape [{capacity}] has no leaf");
        let leaves = capacity.next_power_of_two();
        Self { leaves, sum: vec![0.0; 2 * leaves], least: vec![f64::INFINITY; 2 * leaves] }
    }

    /// Gives a leaf a value above 0.
    pub fn set(&mut self, leaf: usize, value: f64) {
        assert!(leaf < self.leaves && value > 0.0 && value.is_finite(), "leaf {leaf} of {}: {value}", self.leaves);
        let mut node = self.leaves + leaf;
        (self.sum[node], self.least[node]) = (value, value);
        while node > 1 {
            node /= 2;
            self.sum[node] = self.sum[2 * node] + self.sum[2 * node + 1];
            self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]);
        }
    }

    /// A leaf's value; 0 where it is empty.
    pub fn get(&self, leaf: usize) -> f64 {
        self.sum[self.leaves + leaf]
    }

    /// Sum of all leaves.
    pub fn total(&self) -> f64 {
        self.sum[1]
    }

    /// The least leaf that is not empty; infinite where all are.
    pub fn least(&self) -> f64 {
        self.least[1]
    }

    /// The leaf in which `mass` in [0, total) lies; never an empty one, whatever rounding does.
    pub fn find(&self, mut mass: f64) -> usize {
        assert!(self.total() > 0.0, "a search in a sum tree without leaves");
        let mut node = 1;
        while node < self.leaves {
            let (left, right) = (2 * node, 2 * node + 1);
            if mass < self.sum[left] || self.sum[right] == 0.0 {
                node = left;
            } else {
                mass -= self.sum[left];
                node = right;
            }
        }
        node - self.leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_leaf_by_hand() {
        let mut tree = SumTree::new(5);
        for (leaf, value) in [3.0, 1.0, 4.0, 2.0].into_iter().enumerate() {
            tree.set(leaf, value);
        }
        assert_eq!((tree.total(), tree.least()), (10.0, 1.0));
        assert_eq!([0.0, 2.9, 3.0, 3.9, 4.0, 7.9, 8.0, 9.9].map(|mass| tree.find(mass)), [0, 0, 1, 1, 2, 2, 3, 3]);
        tree.set(1, 5.0);
        assert_eq!((tree.total(), tree.least(), tree.get(1), tree.find(7.9)), (14.0, 2.0, 5.0, 1));
    }

    #[test]
    fn rounding_never_ends_in_an_empty_leaf() {
        let mut tree = SumTree::new(8);
        tree.set(2, 0.1);
        assert_eq!(tree.find(0.1), 2);
        assert_eq!(tree.find(1.0), 2);
    }
}
