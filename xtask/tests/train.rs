//! `train` as a user meets it: what it leaves behind, that a seed settles every number, and how it answers mistakes.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod tiny_run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

struct Workbench {
    folder: TempDir,
}

impl Workbench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the tiny run with `more` on top of it.
    fn config(&self, more: &str) -> PathBuf {
        tiny_run::config(self.folder.path(), more)
    }

    fn train(&self, config: &Path, threads: &str, runs: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["train", "--device", "cpu"]).arg("--config").arg(config).arg("--runs").arg(self.path(runs));
        command.env("RAYON_NUM_THREADS", threads).output().unwrap()
    }

    /// Runs a job that must fail, and gives the one line that it ends with.
    fn refusal(&self, config: &Path) -> String {
        let output = self.train(config, "1", "runs");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        let last = text.lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("error: ") && !text.contains("panicked"), "{text}");
        let left: Vec<_> = fs::read_dir(self.path("runs")).map(|d| d.flatten().collect()).unwrap_or_default();
        assert!(left.is_empty(), "something was left behind: {left:?}");
        last
    }
}

/// The only run in a folder.
fn only_run(runs: &Path) -> PathBuf {
    let found: Vec<PathBuf> = fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn one_seed_gives_one_metrics_file_whatever_the_threads() {
    let bench = Workbench::new();
    let config = bench.config("");
    let mut metrics = Vec::new();
    for threads in ["1", "2"] {
        let output = bench.train(&config, threads, threads);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run = only_run(&bench.path(threads));
        for file in
            ["config.toml", "run.json", "quarantine.csv", "report.html", "report.md", "checkpoint/manifest.json"]
        {
            assert!(fs::metadata(run.join(file)).unwrap().len() > 0, "{file}");
        }
        for file in [
            "c_weights_by_critics_simulator.safetensors",
            "c_by_critics_constrained_simulator.json",
            "d_weights_by_q_learning_simulator.json",
            "e_pages_by_q_learning_log.json",
            "e_pages_by_dqn_log_then_simulator.safetensors",
            "f_slates_by_slateq_log.json",
        ] {
            assert!(run.join("policy").join(file).exists(), "{file}");
        }
        for file in ["units/next_item.csv", "units/task_click.csv"] {
            assert!(fs::read_to_string(run.join(file)).unwrap().starts_with("session,"), "{file}");
        }
        metrics.push(fs::read(run.join("metrics.json")).unwrap());
    }
    assert!(metrics[0] == metrics[1], "one thread and two threads differ");
    assert_health_is_plausible(&metrics[0]);
    assert_the_table_is_whole(&metrics[0]);
    let again = only_run(&bench.path("1")).join("config.toml");
    let output = bench.train(&again, "2", "again");
    assert!(output.status.success(), "the resolved config is no config: {}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(only_run(&bench.path("again")).join("metrics.json")).unwrap() == metrics[0]);
}

/// Every way of choosing pages is compared, and the constraint of the shipped config is at work.
fn assert_the_table_is_whole(metrics: &[u8]) {
    let metrics: serde_json::Value = serde_json::from_slice(metrics).unwrap();
    let rows = metrics["policies"]["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["policy"].as_str().unwrap()).collect();
    for letter in ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)"] {
        assert!(names.iter().any(|name| name.starts_with(letter)), "{names:?} lack {letter}");
    }
    assert!(names.contains(&"(c) by critics, constrained"), "{names:?}");
    for row in rows {
        let (value, coverage) = (row["value"]["mean"].as_f64().unwrap(), row["coverage"]["mean"].as_f64().unwrap());
        assert!(value > 0.0 && coverage > 0.0 && coverage <= 1.0, "{row}");
    }
    let sweep = metrics["policies"]["sweep"].as_array().unwrap();
    assert_eq!(sweep.len(), 11);
    assert_eq!((sweep[0]["premium_weight"].as_f64(), sweep[10]["premium_weight"].as_f64()), (Some(0.0), Some(1.0)));
}

/// The five tasks of the tiny run have a gate each over its two experts, and ten pairs.
fn assert_health_is_plausible(metrics: &[u8]) {
    let metrics: serde_json::Value = serde_json::from_slice(metrics).unwrap();
    let health = &metrics["health"];
    let within = |value: &serde_json::Value, low: f64, high: f64| {
        value.as_f64().is_some_and(|value| (low - 1e-6..=high + 1e-6).contains(&value))
    };
    let gates = health["gates"].as_array().unwrap();
    let tasks: Vec<&str> = gates.iter().map(|gate| gate["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["click", "sale_click", "continues", "premium_next", "next_item"]);
    for gate in gates {
        assert!(within(&gate["entropy"], 0.0, 1.0) && within(&gate["similarity"], -1.0, 1.0), "{gate}");
        let weights = gate["utilisation"].as_array().unwrap();
        let sum: f64 = weights.iter().map(|weight| weight.as_f64().unwrap()).sum();
        assert!(weights.len() == 2 && (sum - 1.0).abs() < 1e-6, "{gate}");
    }
    let experts = health["experts"].as_array().unwrap();
    assert!(experts.len() == 1 && within(&experts[0]["similarity"], -1.0, 1.0), "{experts:?}");
    let pairs = health["tasks"].as_array().unwrap();
    assert_eq!(pairs.len(), 10);
    for pair in pairs {
        assert!(pair["batches"].as_u64().unwrap() > 0, "{pair}");
        assert!(within(&pair["mean_cosine"], -1.0, 1.0) && within(&pair["conflicting"], 0.0, 1.0), "{pair}");
    }
    let tables = health["embeddings"].as_array().unwrap();
    let lengths = |table: &serde_json::Value| (table["mean"].as_f64().unwrap(), table["largest"].as_f64().unwrap());
    assert!(tables.iter().any(|table| table["table"] == "item"), "{tables:?}");
    assert!(tables.iter().map(lengths).all(|(mean, largest)| 0.0 < mean && mean <= largest), "{tables:?}");
    assert!(health["rows"].as_u64().unwrap() > 0);
}

#[test]
fn a_run_compared_with_itself_shows_no_difference() {
    let bench = Workbench::new();
    assert!(bench.train(&bench.config(""), "2", "runs").status.success());
    let run = only_run(&bench.path("runs"));
    let mut compare = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = compare.arg("compare").arg(&run).arg(&run).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let numbers: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    for metric in ["next_item/ndcg@10", "next_item/mrr", "task_click/log_loss", "task_click/brier"] {
        assert_eq!(numbers[&format!("{metric}/p")], 1.0, "{metric}");
        assert_eq!(numbers[&format!("{metric}/verdict")], "no difference shown", "{metric}");
    }
    assert!(numbers.iter().all(|(key, value)| !key.ends_with("/p") || *value == 1.0), "{numbers:?}");
}

#[test]
fn another_seed_gives_other_numbers() {
    let bench = Workbench::new();
    for (seed, runs) in [("1", "one"), ("2", "two")] {
        let config = bench.config(&format!("seed = {seed}"));
        assert!(bench.train(&config, "2", runs).status.success());
    }
    let read = |runs: &str| fs::read(only_run(&bench.path(runs)).join("metrics.json")).unwrap();
    assert!(read("one") != read("two"));
}

fn metrics(run: &Path) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_slice(&fs::read(run.join("metrics.json")).unwrap()).unwrap()
}

#[test]
fn twins_tell_what_each_task_gains_or_loses_and_change_nothing_else() {
    let bench = Workbench::new();
    let plain = bench.config("");
    assert!(bench.train(&plain, "2", "plain").status.success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["train", "--device", "cpu", "--twins"]).arg("--config").arg(&plain);
    let output = command.arg("--runs").arg(bench.path("twins")).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && told.contains("against its twin:"), "{told}");

    let (plain, run) = (only_run(&bench.path("plain")), only_run(&bench.path("twins")));
    let (without, mut with) = (metrics(&plain), metrics(&run));
    let transfer = with.remove("transfer").unwrap();
    assert!(without == with, "the twins moved other numbers");
    let transfer = transfer.as_array().unwrap();
    assert_eq!(transfer.len(), 5);
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    for (of_task, result) in transfer.iter().zip(with["tasks"].as_array().unwrap()) {
        assert_eq!(of_task["task"], result["task"]);
        let losses = of_task["losses"].as_array().unwrap();
        let binary = result["kind"] == "binary";
        assert_eq!((losses.len(), of_task["roc_auc"].is_object()), if binary { (2, true) } else { (1, false) });
        if binary {
            assert_eq!(of_task["roc_auc"]["multi_task"], result["binary"]["roc_auc"]);
        }
        for loss in losses {
            let (multi, single) = (number(&loss["multi_task"]), number(&loss["single_task"]));
            let (low, high) = (number(&loss["bounds"][0]), number(&loss["bounds"][1]));
            assert!((multi - single - number(&loss["difference"])).abs() < 1e-9, "{loss}");
            assert!(multi != single && low < multi - single && multi - single < high, "{loss}");
            assert_eq!(loss["verdict"] == "none_shown", number(&loss["p_corrected"]) > 0.05 + 1e-9, "{loss}");
        }
    }
    for page in ["report.md", "report.html"] {
        assert!(fs::read_to_string(run.join(page)).unwrap().contains("Transfer between the tasks"), "{page}");
        assert!(!fs::read_to_string(plain.join(page)).unwrap().contains("Transfer between the tasks"), "{page}");
    }
}

#[test]
fn a_task_beside_one_that_weighs_nothing_is_its_twin() {
    let bench = Workbench::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    // The shipped config without the wide part of a task that is gone, and with a trunk that knows of no tasks.
    let mut whole = fs::read_to_string(shipped.join("eshop.toml")).unwrap();
    for (old, new) in [
        ("../datasets", format!("{}/../datasets", shipped.to_str().unwrap()).as_str()),
        ("wide = { next_item = [\"item\"] }", ""),
        ("{ kind = \"mmoe\", experts = 4, widths = [128, 64] }", "{ kind = \"shared_bottom\", widths = [16] }"),
    ] {
        assert!(whole.contains(old), "{old} is not in the config");
        whole = whole.replace(old, new);
    }
    fs::write(bench.path("eshop.toml"), whole).unwrap();
    fs::copy(shipped.join("eshop_small.toml"), bench.path("eshop_small.toml")).unwrap();
    let tasks = r#"
[evaluation]
twins = true
[[tasks]]
name = "click"
label = "click"
[[tasks]]
name = "continues"
label = "session_continues"
mask = "clicked"
loss_weight = 0.0
[[tasks]]
name = "next_item"
label = "next_item"
mask = "clicked_and_continues"
loss_weight = 0.0"#;
    let config = bench.config(tasks);
    let mut tiny = fs::read_to_string(bench.path("tiny.toml")).unwrap();
    for (old, new) in [
        (shipped.to_str().unwrap(), bench.folder.path().to_str().unwrap()),
        ("[model]\ntrunk = { kind = \"mmoe\", experts = 2, widths = [16] }\n", ""),
    ] {
        assert!(tiny.contains(old), "{old} is not in the config");
        tiny = tiny.replace(old, new);
    }
    fs::write(bench.path("tiny.toml"), tiny).unwrap();
    let output = bench.train(&config, "2", "runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let transfer = &metrics(&only_run(&bench.path("runs")))["transfer"];
    assert_eq!(transfer.as_array().unwrap().len(), 3);
    let (click, losses) = (&transfer[0], transfer[0]["losses"].as_array().unwrap());
    assert_eq!(losses.len(), 2);
    // The same data, seed and trainer: the same weights but for rounding.
    for loss in losses {
        assert!(loss["difference"].as_f64().unwrap().abs() < 1e-6, "{loss}");
    }
    assert!(click["roc_auc"]["difference"].as_f64().unwrap().abs() < 1e-4, "{click}");
}

#[test]
fn an_unknown_key_is_named() {
    let bench = Workbench::new();
    let line = bench.refusal(&bench.config("[trainer]\nepoch = 1"));
    assert!(
        line.contains("run.toml") && line.contains("unknown field `epoch`") && line.contains("`trainer`"),
        "{line}"
    );
}

#[test]
fn a_value_out_of_range_is_named() {
    let bench = Workbench::new();
    let line = bench.refusal(&bench.config("[policy.schedule]\ncurve_points = 0"));
    assert!(line.contains("policy.schedule.curve_points: at least 2, not 0"), "{line}");
}

#[test]
fn a_head_that_its_task_cannot_have_is_named() {
    let bench = Workbench::new();
    for (head, says) in [
        ("clicks = { kind = \"binary\" }", "`heads.clicks`: there is no such task: name one of click, sale_click, "),
        ("click = { kind = \"ordinal\", levels = 5 }", "`heads.click`: the task's label is 0 or 1"),
        ("click = { kind = \"binary\", label_smoothing = 2.0 }", "`heads.click`: `label_smoothing` must be"),
        ("click = { kind = \"binary\", smoothing = 0.1 }", "unknown field `smoothing`"),
    ] {
        let line = bench.refusal(&bench.config(&format!("[heads]\n{head}")));
        assert!(line.contains("run.toml") && line.contains(says) && line.contains("click"), "{line}");
    }
}

#[test]
fn a_declared_head_is_the_models() {
    let bench = Workbench::new();
    let config = bench.config("[heads]\ncontinues = { kind = \"binary\", label_smoothing = 0.125, focal_gamma = 2.0 }");
    let output = bench.train(&config, "2", "runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = only_run(&bench.path("runs"));
    let manifest = fs::read(run.join("checkpoint/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let heads: Vec<&serde_json::Value> =
        manifest["model"]["tasks"].as_array().unwrap().iter().map(|task| &task["head"]).collect();
    assert_eq!((&heads[2]["label_smoothing"], &heads[2]["focal_gamma"]), (&0.125.into(), &2.0.into()), "{heads:?}");
    assert_eq!((&heads[0]["label_smoothing"], &heads[4]["kind"]), (&0.0.into(), &"choice".into()), "{heads:?}");
    assert!(fs::read_to_string(run.join("config.toml")).unwrap().contains("[heads.continues]"));
}

#[test]
fn a_loss_above_its_limit_stops_the_run_with_its_place() {
    let bench = Workbench::new();
    let line = bench.refusal(&bench.config("[trainer]\nmax_loss = 0.01"));
    assert!(line.starts_with("error: epoch 1, batch 1 (step 1): the loss of task `click` is 0."), "{line}");
    assert!(line.contains("above `trainer.max_loss` = 0.01: lower `trainer.learning_rate`"), "{line}");
    assert_eq!(line.matches("epoch 1").count(), 1, "{line}");
    let line = bench.refusal(&bench.config("[trainer]\nmax_loss = 0.0"));
    assert!(line.contains("`trainer.max_loss` is 0: give a number above 0"), "{line}");
}

#[test]
fn a_missing_config_is_named() {
    let bench = Workbench::new();
    let line = bench.refusal(&bench.path("nowhere.toml"));
    assert!(line.contains("nowhere.toml: cannot read the config; check the path given to --config"), "{line}");
}

#[test]
fn a_missing_log_is_named() {
    let bench = Workbench::new();
    let line = bench.refusal(&bench.config("[data]\npath = \"nowhere.csv\""));
    assert!(line.contains("nowhere.csv") && line.contains("data.path"), "{line}");
}

#[test]
fn an_empty_log_is_named() {
    let bench = Workbench::new();
    fs::write(bench.path("empty.csv"), "").unwrap();
    let sha256 = slatewise_data::artefact::sha256_hex(b"");
    let data = format!("[data]\npath = \"empty.csv\"\nsha256 = \"{sha256}\"");
    let line = bench.refusal(&bench.config(&data));
    assert!(line.contains("empty.csv") && line.contains("empty"), "{line}");
}

#[test]
fn a_log_that_changed_is_refused_before_anything_else() {
    let bench = Workbench::new();
    fs::write(bench.path("other.csv"), "year;month\n2008;4\n").unwrap();
    let line = bench.refusal(&bench.config("[data]\npath = \"other.csv\""));
    assert!(line.contains("other.csv") && line.contains("SHA-256"), "{line}");
}

#[test]
fn a_missing_column_is_named_with_its_key() {
    let bench = Workbench::new();
    let line = bench.refusal(&bench.config("[data.schema]\nprice = \"prize\""));
    assert!(line.contains("prize") && line.contains("data.schema.price"), "{line}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let bench = Workbench::new();
    fs::write(bench.path("file"), "in the way").unwrap();
    let output = bench.train(&bench.config(""), "1", "file/runs");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("cannot make the folder for runs") && text.contains("--runs"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_that_is_not_there_is_told_so() {
    let bench = Workbench::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // Neither the Vulkan nor the OpenGL loader sees a driver, as on a machine without any.
    for loader in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES"] {
        command.env(loader, "/nonexistent");
    }
    command.args(["train", "--device", "wgpu"]).arg("--config").arg(bench.config(""));
    let output = command.arg("--runs").arg(bench.path("runs")).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--device wgpu: no Vulkan") && text.contains("--device cpu"), "{text}");
    assert!(!bench.path("runs").exists());
}
