//! What the user sees while a run goes on: progress bars on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use console::style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Writes to standard error, so that standard output stays free for results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    terminal: bool,
}

impl Console {
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    /// Opens a stage of the run.
    pub(crate) fn stage(self, title: &str) {
        #[expect(clippy::print_stderr, reason = "the console is where the program speaks to its user")]
        if self.terminal {
            eprintln!("\n{}", style(title).bold().for_stderr());
        } else {
            eprintln!("\n== {title}");
        }
    }

    /// One line within a stage.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        #[expect(clippy::print_stderr, reason = "the console is where the program speaks to its user")]
        for line in text.as_ref().lines() {
            eprintln!("  {line}");
        }
    }

    /// A bar over `length` steps; elsewhere than on a terminal it stays silent until it ends.
    pub(crate) fn bar(self, label: &str, length: u64) -> Bar {
        let target = if self.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template("  {msg:<28} {bar:30} {percent:>3} %  {eta} left") {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_message(label.to_owned());
        Bar { bar, started: Instant::now() }
    }
}

/// A running progress bar.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Bar {
    /// Counts `steps` as done.
    pub(crate) fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Removes the bar; the caller's line says what came of it.
    pub(crate) fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.started.elapsed()
    }
}

/// The one line that a failed run ends with.
pub(crate) fn error(error: &anyhow::Error) {
    #[expect(clippy::print_stderr, reason = "the console is where the program speaks to its user")]
    {
        eprintln!("{} {}", style("error:").red().bold().for_stderr(), one_line(error));
    }
}

/// Joins the chain of causes, leaving out causes that the message above already tells.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(cause.trim()) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text.replace(['\n', '\r'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::one_line;

    #[test]
    fn causes_are_told_once_and_on_one_line() {
        let error = Err::<(), _>(anyhow!("no such\n  key")).context("config: no such key");
        assert_eq!(error.map_err(|e| one_line(&e)), Err("config: no such key: no such key".to_owned()));
    }
}
