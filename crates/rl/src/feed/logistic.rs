//! Logistic regression on sparse rows by Newton's method, for the fitted visitor and the discriminator.
//!
//! ```text
//! minimise  −Σ_r w_r [ t_r ln p_r + (1 − t_r) ln(1 − p_r) ] + ½ λ |β|²        p_r = 1 / (1 + e^{−x_r·β})
//! β ← β − s (Σ w p (1 − p) x xᵀ + λ I)⁻¹ (Σ w (p − t) x + λ β)                s halved until the loss falls
//! ```
//!
//! Feature 0 is the intercept, which is hardly shrunk (λ₀ = 10⁻³). A fit costs O(width³) per step beside the rows: for hundreds of
//! features, not for thousands. Reference: McCullagh & Nelder 1989, chapter 4.

use super::visitor_model::sigmoid;

/// How much the intercept is shrunk.
const INTERCEPT_RIDGE: f64 = 1e-3;
/// Largest change of a coefficient in the last step.
const TOLERANCE: f64 = 1e-6;

/// Rows of (feature, value) pairs.
#[derive(Debug, Clone, Default)]
pub(super) struct SparseRows {
    pub(super) width: usize,
    first: Vec<usize>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl SparseRows {
    pub(super) fn new(width: usize) -> Self {
        Self { width, first: vec![0], ..Self::default() }
    }

    pub(super) fn push(&mut self, features: impl FnOnce(&mut dyn FnMut(usize, f64))) {
        let (width, index, value) = (self.width, &mut self.index, &mut self.value);
        features(&mut |feature, x| {
            assert!(feature < width, "feature {feature} of rows of width {width}");
            index.push(feature as u32);
            value.push(x);
        });
        self.first.push(self.index.len());
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() - 1
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + Clone {
        let range = self.first[row]..self.first[row + 1];
        self.index[range.clone()].iter().zip(&self.value[range]).map(|(&index, &value)| (index as usize, value))
    }

    /// x_r·β.
    pub(super) fn dot(&self, row: usize, beta: &[f64]) -> f64 {
        self.row(row).map(|(index, value)| beta[index] * value).sum()
    }
}

/// Targets in [0, 1] and weights of rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Targets<'a> {
    pub(super) target: &'a [f64],
    pub(super) weight: &'a [f64],
}

/// Improves `beta` by at most `steps` Newton steps.
pub(super) fn fit_logistic(rows: &SparseRows, of: Targets<'_>, ridge: f64, steps: usize, beta: &mut [f64]) {
    let (count, width) = (rows.len(), rows.width);
    assert!(
        of.target.len() == count && of.weight.len() == count && beta.len() == width,
        "rows of shape [{count}, {width}]"
    );
    let mut loss = loss_of(rows, of, ridge, beta);
    for _ in 0..steps {
        let Some(step) = newton_step(rows, of, ridge, beta) else { return };
        let mut scale = 1.0;
        let (moved, lower) = loop {
            let moved: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b - scale * s).collect();
            let lower = loss_of(rows, of, ridge, &moved);
            if lower <= loss {
                break (moved, lower);
            }
            scale /= 2.0;
            if scale < 1e-6 {
                return;
            }
        };
        beta.copy_from_slice(&moved);
        loss = lower;
        if step.iter().all(|s| (scale * s).abs() < TOLERANCE) {
            return;
        }
    }
}

fn shrinkage(ridge: f64, feature: usize) -> f64 {
    if feature == 0 { INTERCEPT_RIDGE } else { ridge }
}

fn loss_of(rows: &SparseRows, of: Targets<'_>, ridge: f64, beta: &[f64]) -> f64 {
    let mut loss: f64 = beta.iter().enumerate().map(|(i, b)| 0.5 * shrinkage(ridge, i) * b * b).sum();
    for (row, (target, weight)) in of.target.iter().zip(of.weight).enumerate() {
        if *weight > 0.0 {
            let z = rows.dot(row, beta);
            // ln(1 + e^z) − t z, without overflow.
            loss += weight * (z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z);
        }
    }
    loss
}

/// (Hessian)⁻¹ gradient; none where the Hessian is not positive definite.
fn newton_step(rows: &SparseRows, of: Targets<'_>, ridge: f64, beta: &[f64]) -> Option<Vec<f64>> {
    let width = rows.width;
    let mut gradient: Vec<f64> = beta.iter().enumerate().map(|(i, b)| shrinkage(ridge, i) * b).collect();
    let mut hessian = vec![0.0; width * width];
    for (row, (target, weight)) in of.target.iter().zip(of.weight).enumerate() {
        if *weight <= 0.0 {
            continue;
        }
        let p = sigmoid(rows.dot(row, beta));
        let (slope, curvature) = (weight * (p - target), weight * p * (1.0 - p));
        for (i, x) in rows.row(row) {
            gradient[i] += slope * x;
            let line = &mut hessian[i * width..][..width];
            for (j, y) in rows.row(row) {
                line[j] += curvature * x * y;
            }
        }
    }
    for i in 0..width {
        hessian[i * width + i] += shrinkage(ridge, i);
    }
    solve(&mut hessian, &mut gradient).then_some(gradient)
}

/// Solves A x = b in place by Cholesky's factors; false where A is not positive definite.
fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    for j in 0..n {
        let diagonal = a[j * n + j] - (0..j).map(|k| a[j * n + k] * a[j * n + k]).sum::<f64>();
        if diagonal.is_nan() || diagonal <= 0.0 {
            return false;
        }
        let root = diagonal.sqrt();
        a[j * n + j] = root;
        for i in j + 1..n {
            let (upper, lower) = a.split_at(i * n);
            let product: f64 = upper[j * n..j * n + j].iter().zip(&lower[..j]).map(|(x, y)| x * y).sum();
            a[i * n + j] = (a[i * n + j] - product) / root;
        }
    }
    for i in 0..n {
        let known: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - known) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - known) / a[i * n + i];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_solved() {
        let (mut a, mut b) = (vec![4.0, 2.0, 2.0, 3.0], vec![8.0, 8.0]);
        assert!(solve(&mut a, &mut b)); // 4 + 4 = 8, 2 + 6 = 8
        assert!((b[0] - 1.0).abs() < 1e-12 && (b[1] - 2.0).abs() < 1e-12);
        assert!(!solve(&mut [1.0, 2.0, 2.0, 1.0], &mut [1.0, 1.0]));
    }

    /// Two cells: the intercept is the logit of the first, and the sum that of the second.
    #[test]
    fn without_shrinkage_the_fit_is_the_logit_of_the_shares() {
        let (mut rows, mut target) = (SparseRows::new(2), Vec::new());
        for (cell, positive, count) in [(0.0, 1, 4), (1.0, 3, 4)] {
            for index in 0..count {
                rows.push(|add| {
                    add(0, 1.0);
                    add(1, cell);
                });
                target.push(f64::from(u8::from(index < positive)));
            }
        }
        let (mut beta, weight) = (vec![0.0; 2], vec![1_000.0; 8]);
        fit_logistic(&rows, Targets { target: &target, weight: &weight }, 1e-9, 50, &mut beta);
        assert!((beta[0] + 3.0_f64.ln()).abs() < 1e-4 && (beta[1] - 2.0 * 3.0_f64.ln()).abs() < 1e-4, "{beta:?}");
        // A weight of 0 takes a row out: of the first cell only the click is left.
        let weight: Vec<f64> = (0..8).map(|row| if (1..4).contains(&row) { 0.0 } else { 1.0 }).collect();
        let mut other = vec![0.0; 2];
        fit_logistic(&rows, Targets { target: &target, weight: &weight }, 1.0, 50, &mut other);
        assert!(other[0] > beta[0] + 1.0);
    }
}
