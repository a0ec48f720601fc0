//! `Gram`: the inner products of the tasks' gradients, all that balancing needs to know of them.
//!
//! ```text
//! Gᵢⱼ = gᵢ · gⱼ        ‖gᵢ‖ = √Gᵢᵢ        cos(i, j) = Gᵢⱼ / (‖gᵢ‖ ‖gⱼ‖)
//! ```

use serde::{Deserialize, Serialize};

/// Inner products of T gradients, `[T, T]`, symmetric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gram {
    tasks: usize,
    /// Row by row.
    products: Vec<f64>,
}

impl Gram {
    /// A matrix of `tasks`² inner products, row by row.
    ///
    /// # Panics
    /// Where there are more or fewer.
    pub fn new(tasks: usize, products: Vec<f64>) -> Self {
        assert_eq!(products.len(), tasks * tasks, "{tasks} tasks have {tasks} × {tasks} inner products");
        Self { tasks, products }
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Inner product of the gradients of two tasks.
    pub fn dot(&self, first: usize, second: usize) -> f64 {
        self.products[first * self.tasks + second]
    }

    /// Euclidean norm of a task's gradient, ≥ 0.
    pub fn norm(&self, task: usize) -> f64 {
        self.dot(task, task).max(0.0).sqrt()
    }

    /// Cosine of the angle between two gradients, in [-1, 1]; `None` where one of them is 0.
    pub fn cosine(&self, first: usize, second: usize) -> Option<f64> {
        let norms = self.norm(first) * self.norm(second);
        (norms > 0.0).then(|| (self.dot(first, second) / norms).clamp(-1.0, 1.0))
    }

    /// The first task that a NaN or an infinity comes from.
    pub fn first_not_finite(&self) -> Option<usize> {
        let finite = |task: usize| self.dot(task, task).is_finite();
        let off_diagonal = || self.products.iter().position(|product| !product.is_finite());
        (0..self.tasks).find(|&task| !finite(task)).or_else(|| off_diagonal().map(|place| place / self.tasks))
    }

    /// The matrix of the gradients wᵢ gᵢ.
    pub(super) fn scaled(&self, weights: &[f64]) -> Self {
        let product = |place: usize| self.products[place] * weights[place / self.tasks] * weights[place % self.tasks];
        Self { tasks: self.tasks, products: (0..self.products.len()).map(product).collect() }
    }

    /// The matrix of these vectors.
    #[cfg(test)]
    pub(super) fn of(gradients: &[Vec<f64>]) -> Self {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
        let row = |a: &Vec<f64>| gradients.iter().map(|b| dot(a, b)).collect::<Vec<f64>>();
        Self::new(gradients.len(), gradients.iter().flat_map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_norms_and_cosines_are_those_of_the_vectors() {
        let gram = Gram::of(&[vec![3.0, 4.0], vec![-4.0, 3.0], vec![-6.0, -8.0], vec![0.0, 0.0]]);
        assert_eq!((gram.dot(0, 2), gram.dot(2, 0), gram.norm(0), gram.norm(2)), (-50.0, -50.0, 5.0, 10.0));
        assert_eq!((gram.cosine(0, 1), gram.cosine(0, 2), gram.cosine(0, 3)), (Some(0.0), Some(-1.0), None));
        assert_eq!(gram.scaled(&[2.0, 1.0, 0.5, 1.0]).dot(0, 2), -50.0);
    }

    #[test]
    fn what_is_not_finite_is_found_by_its_task() {
        assert_eq!(Gram::of(&[vec![1.0], vec![2.0]]).first_not_finite(), None);
        assert_eq!(Gram::of(&[vec![1.0], vec![f64::NAN]]).first_not_finite(), Some(1));
        assert_eq!(Gram::new(2, vec![1.0, f64::INFINITY, f64::INFINITY, 1.0]).first_not_finite(), Some(0));
    }
}
