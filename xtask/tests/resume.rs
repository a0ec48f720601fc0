//! A run that is stopped, by Ctrl-C, by SIGTERM or by force, goes on and ends with the bytes of one that was not.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod tiny_run;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Batches enough to be stopped between them, several times.
const LONGER: &str = r"
[data]
sessions_share = 0.04
[loader]
batch_rows = 64
unclicked_rate = 0.5
[trainer]
epochs = 3
gradient_clip_norm = 1.0
";

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        tiny_run::config(folder.path(), LONGER);
        Self { folder }
    }

    fn start(&self, runs: &str) -> Child {
        let mut command = self.command();
        command.arg("--config").arg(self.folder.path().join("run.toml"));
        command.arg("--runs").arg(self.folder.path().join(runs)).spawn().unwrap()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["train", "--device", "cpu", "--checkpoint-every", "0"]).stdout(Stdio::null());
        command.stderr(Stdio::piped());
        command
    }

    /// The one folder under `runs`.
    fn folder(&self, runs: &str) -> Option<PathBuf> {
        fs::read_dir(self.folder.path().join(runs)).ok()?.flatten().map(|entry| entry.path()).next()
    }

    /// Waits until a training has come to this step.
    fn wait_for_step(&self, runs: &str, step: u32) {
        let start = Instant::now();
        loop {
            assert!(start.elapsed() < Duration::from_secs(120), "no checkpoint of step {step}");
            let entries = self.folder(runs).map(|folder| fs::read_dir(folder.join("training")));
            let names = entries.into_iter().flatten().flatten().flatten();
            let steps =
                names.filter_map(|entry| entry.file_name().to_str()?.strip_prefix("step-")?.parse::<u32>().ok());
            if steps.max().is_some_and(|found| found >= step) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn stderr(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_stopped_run_goes_on_and_ends_with_the_same_bytes() {
    let bench = Bench::new();
    let (code, text) = stderr(bench.start("whole"));
    assert_eq!(code, Some(0), "{text}");
    let whole = bench.folder("whole").unwrap();

    // Stopped by force, then by Ctrl-C, then by SIGTERM, each time a little later.
    let killed = bench.start("stopped");
    bench.wait_for_step("stopped", 3);
    signal(&killed, "-KILL");
    stderr(killed);
    let partial = bench.folder("stopped").unwrap();
    assert!(partial.to_str().unwrap().ends_with(".partial"));
    for (name, step) in [("-INT", 20), ("-TERM", 40)] {
        let child = bench.command().arg("--resume").arg(&partial).spawn().unwrap();
        bench.wait_for_step("stopped", step);
        signal(&child, name);
        let (code, text) = stderr(child);
        assert_eq!(code, Some(130), "{name}: {text}");
        assert!(text.contains("go on with: cargo xtask train --resume "), "{text}");
    }
    // As if killed once more while the last files were being written.
    fs::create_dir(partial.join("checkpoint")).unwrap();
    fs::create_dir(partial.join("units")).unwrap();
    let (code, text) = stderr(bench.command().arg("--resume").arg(&partial).spawn().unwrap());
    assert_eq!(code, Some(0), "{text}");

    let resumed = bench.folder("stopped").unwrap();
    for file in ["metrics.json", "checkpoint/model.safetensors", "checkpoint/encoder.json", "config.toml"] {
        assert!(fs::read(whole.join(file)).unwrap() == fs::read(resumed.join(file)).unwrap(), "{file} differs");
    }
    assert!(!resumed.join("training").exists(), "a finished run keeps no training checkpoints");
}

#[test]
fn two_runs_in_one_folder_and_folders_that_are_none_are_refused() {
    let bench = Bench::new();
    let mut first = bench.start("runs");
    bench.wait_for_step("runs", 1);
    let partial = bench.folder("runs").unwrap();
    let (code, text) = stderr(bench.command().arg("--resume").arg(&partial).spawn().unwrap());
    assert_eq!(code, Some(2));
    assert!(text.contains("another training writes here"), "{text}");
    first.kill().unwrap();
    first.wait().unwrap();
    let (code, text) = stderr(bench.command().arg("--resume").arg(bench.folder.path()).spawn().unwrap());
    assert_eq!(code, Some(2));
    assert!(text.contains("give a folder whose name ends in .partial"), "{text}");
}
