//! The house's line holds: data → features → model → eval → rl → xtask, benches; every edge is used; tensors stay where they belong.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Left to right; a package may depend on packages to its left.
const LINE: [&str; 7] = [
    "slatewise-data",
    "slatewise-features",
    "slatewise-model",
    "slatewise-eval",
    "slatewise-rl",
    "xtask",
    "slatewise-benches",
];

/// The workspace as built for this machine: crates of other platforms need not be here.
fn metadata() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(rustc.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let options = ["--offline", "--locked", "--filter-platform", host].map(str::to_owned);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).other_options(options).exec().unwrap()
}

/// Normal dependencies of each package of the workspace on others of it.
fn edges(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let of_package = |package: &cargo_metadata::Package| {
        let ours = package.dependencies.iter().filter(|d| LINE.contains(&d.name.as_str()));
        (package.name.to_string(), ours.map(|d| d.name.clone()).collect())
    };
    metadata.workspace_packages().into_iter().map(of_package).collect()
}

#[test]
fn every_package_has_its_place_on_the_line() {
    let metadata = metadata();
    let found: BTreeSet<String> = metadata.workspace_packages().iter().map(|p| p.name.to_string()).collect();
    assert_eq!(found, LINE.iter().map(|&name| name.to_owned()).collect());
}

#[test]
fn dependencies_run_from_right_to_left_only() {
    let place = |name: &str| LINE.iter().position(|&n| n == name).unwrap();
    for (package, dependencies) in edges(&metadata()) {
        for dependency in dependencies {
            assert!(place(&dependency) < place(&package), "{package} may not depend on {dependency}");
        }
    }
}

#[test]
fn every_edge_is_used() {
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().unwrap();
        let mut text = String::new();
        for sub in ["src", "benches", "tests"] {
            read_sources(folder.join(sub).as_std_path(), &mut text);
        }
        for dependency in package.dependencies.iter().filter(|d| LINE.contains(&d.name.as_str())) {
            let path = format!("{}::", dependency.name.replace('-', "_"));
            assert!(text.contains(&path), "{} declares {} and never uses it", package.name, dependency.name);
        }
    }
}

fn read_sources(folder: &Path, into: &mut String) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn eval_depends_on_data_alone() {
    let found = edges(&metadata());
    assert_eq!(found["slatewise-eval"], BTreeSet::from(["slatewise-data".to_owned()]));
    assert!(found["slatewise-data"].is_empty(), "{:?}", found["slatewise-data"]);
}

#[test]
fn data_features_and_eval_reach_no_tensor_crate() {
    let metadata = metadata();
    for package in ["slatewise-data", "slatewise-features", "slatewise-eval"] {
        let reached = reached_from(&metadata, package);
        let tensors: Vec<&String> = reached.iter().filter(|name| is_tensor_crate(name)).collect();
        assert!(tensors.is_empty(), "{package} reaches {tensors:?}");
    }
    // The check can fail: the model does reach them.
    assert!(reached_from(&metadata, "slatewise-model").iter().any(|name| is_tensor_crate(name)));
}

fn is_tensor_crate(name: &str) -> bool {
    ["burn", "cubecl", "wgpu", "ndarray", "candle", "tch"]
        .iter()
        .any(|family| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

/// Names of all packages that one reaches through normal dependencies.
fn reached_from(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let graph = metadata.resolve.as_ref().unwrap();
    let name_of: BTreeMap<&PackageId, String> = metadata.packages.iter().map(|p| (&p.id, p.name.to_string())).collect();
    let start = metadata.packages.iter().find(|p| p.name.as_str() == package).unwrap_or_else(|| panic!("no {package}"));
    let (mut seen, mut open) = (BTreeSet::from([&start.id]), vec![&start.id]);
    while let Some(id) = open.pop() {
        let node = graph.nodes.iter().find(|node| node.id == *id).unwrap();
        for dependency in &node.deps {
            let is_normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| name_of[id].clone()).collect()
}
