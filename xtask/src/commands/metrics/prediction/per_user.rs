//! The metrics of each user, as the CSV file that `compare` joins with another run's.
//!
//! ```text
//! user_id,rows,auc,logloss,brier          or, for numbers,   user_id,rows,mae,rmse,xauc
//! u1,12,0.75,0.41,0.13
//! u2,3,,0.22,0.05                         empty: u2 has labels of one class only
//! ```

use anyhow::{Context, Result};
use slatewise_eval::Metric;
use slatewise_eval::prediction::{
    Predictions, Regression, brier_score, log_loss, mean_absolute_error, roc_auc, root_mean_squared_error, xauc,
};

use super::Task;
use super::read::Examples;

/// The file's bytes, users in the order of their names.
pub(super) fn table(examples: &Examples, task: Task) -> Result<Vec<u8>> {
    let user = examples.user.as_ref().with_context(|| {
        format!("--per-user: the file has no column `{}`; name the user's with --user-column", examples.user_column)
    })?;
    let names: [&str; 3] = match task {
        Task::Binary => ["auc", "logloss", "brier"],
        Task::Regression => ["mae", "rmse", "xauc"],
    };
    let mut rank: Vec<usize> = (0..user.names.len()).collect();
    rank.sort_unstable_by_key(|&code| &user.names[code]);
    let rows = by_user(&user.code, user.names.len());

    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([examples.user_column.as_str(), "rows"].into_iter().chain(names))?;
    for code in rank {
        let rows = &rows.0[rows.1[code]..rows.1[code + 1]];
        if rows.is_empty() {
            continue;
        }
        let score: Vec<f64> = rows.iter().map(|&row| examples.score[row]).collect();
        let label: Vec<f64> = rows.iter().map(|&row| examples.label[row]).collect();
        let values = metrics(&score, &label, task)?;
        let values = values.into_iter().map(|value| value.map_or_else(|_| String::new(), |value| value.to_string()));
        table.write_record([user.names[code].clone(), rows.len().to_string()].into_iter().chain(values))?;
    }
    Ok(table.into_inner()?)
}

fn metrics(score: &[f64], label: &[f64], task: Task) -> Result<[Metric; 3]> {
    Ok(match task {
        Task::Binary => {
            let predictions = Predictions::new(score, label)?;
            [roc_auc(&predictions), log_loss(&predictions), brier_score(&predictions)]
        }
        Task::Regression => {
            let rows = Regression::new(score, label)?;
            [mean_absolute_error(&rows), root_mean_squared_error(&rows), xauc(&rows)]
        }
    })
}

/// Rows by user, and where each user's begin.
fn by_user(user: &[u32], users: usize) -> (Vec<usize>, Vec<usize>) {
    let mut start = vec![0; users + 1];
    user.iter().for_each(|&code| start[code as usize + 1] += 1);
    for code in 0..users {
        start[code + 1] += start[code];
    }
    let (mut next, mut rows) = (start.clone(), vec![0; user.len()]);
    for (row, &code) in user.iter().enumerate() {
        rows[next[code as usize]] = row;
        next[code as usize] += 1;
    }
    (rows, start)
}
