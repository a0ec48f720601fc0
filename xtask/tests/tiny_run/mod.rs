//! The run that the tests of `train` make: the shipped config, cut down until debug builds run it in seconds.

use std::fs;
use std::path::{Path, PathBuf};

const TINY: &str = r#"
extends = "CONFIGS/eshop_small.toml"
name = "tiny"
[data]
sessions_share = 0.02
[features]
min_count = 2
[trainer]
epochs = 1
[model]
trunk = { kind = "mmoe", experts = 2, widths = [16] }
[policy.schedule]
tabular_steps = 2000
dqn_steps = 1200
fusion_steps = 1000
critic_steps = 300
judged_sessions = 20
curve_points = 2
curve_sessions = 50
"#;

/// Writes `run.toml`, the tiny run with `more` on top of it, into a folder.
pub(crate) fn config(folder: &Path, more: &str) -> PathBuf {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    fs::write(folder.join("tiny.toml"), TINY.replace("CONFIGS", configs.to_str().unwrap())).unwrap();
    let path = folder.join("run.toml");
    fs::write(&path, format!("extends = \"tiny.toml\"\n{more}")).unwrap();
    path
}
