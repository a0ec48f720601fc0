"""Compares the road from a dirty log to encoded rows with polars and pandas: same rows, same work, same machine.

    python benches/peers/cleaning.py --work /tmp/cleaning --xtask target/release/xtask --python /tmp/venv/bin/python --rows 10000000

Each side is one process per repetition, from Parquet on disk to encoded rows on disk; wall time, CPU time and the kernel's
peak resident memory are those of the whole process. `cleaning_peers.py` says what the work is. The sides must agree in rows,
in the sums of the derived columns and in the number of known ids, or nothing but the difference is printed. What is compared
are the rows that we keep on request; the run that is timed keeps none, and its encoded rows must be the same bytes.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = """\
extends = "{log}/synthetic.toml"
name = "cleaning"

[derive]
history = [{{ by = "user", of = "item", last = 5, feedback = ["click"], ages = false, kinds = false }}]
recency = [{{ by = "user" }}]
window = [{{ by = "item", days = 7, feedback = ["click"] }}]

[split]
kind = "chronological"
validation = 0.1
test = 0.2
both = false

[features]
propose = false
categorical = [
{categorical}
]
numeric = [
{numeric}
]
"""
CATEGORIES = ["item", *[f"user_item_{k}" for k in range(1, 6)], "user", "surface", "device", "category", "items.brand"]
NUMBERS = ["price", "position", "user_since_last", "item_7d_rows", "item_7d_click"]
EXACT = ["rows", "window_clicks", "train_rows", "test_rows", "known_ids"]


class Run:
    """One finished process."""

    def __init__(self, command):
        with tempfile.TemporaryFile() as out:
            start = time.perf_counter()
            child = subprocess.Popen([str(part) for part in command], stdout=out)
            _, status, usage = os.wait4(child.pid, 0)
            self.seconds = time.perf_counter() - start
            out.seek(0)
            text = out.read().decode()
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{command}\nended with {os.waitstatus_to_exitcode(status)}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        self.output = json.loads(text)


def config(log, work):
    field = lambda name: "item" if name.startswith("user_item_") else name
    categorical = [f'    {{ column = "{n}", table = "{field(n)}", width = 8, min_count = 5 }},' for n in CATEGORIES]
    numeric = [f'    {{ column = "{n}", transform = "standard" }},' for n in NUMBERS]
    path = work / "cleaning.toml"
    path.write_text(CONFIG.format(log=log, categorical="\n".join(categorical), numeric="\n".join(numeric)))
    return path


def ours(args, log, keep):
    out = args.work / "ours"
    shutil.rmtree(out, ignore_errors=True)
    command = [args.xtask, "data", "encode", "--config", config(log, args.work), "--output", out, "--json"]
    return Run(command + (["--keep-rows"] if keep else []))


def encoded(args):
    """What stands in the files that we are asked for."""
    names = ["encoder.json", "train.rows", "validation.rows", "test.rows"]
    return [hashlib.sha256((args.work / "ours" / name).read_bytes()).hexdigest() for name in names]


def agreement(args, log):
    """What our rows hold, read by the peer's library, to be compared with what the peers print."""
    run = ours(args, log, keep=True)
    program = """
import json, sys, polars as pl
rows = pl.scan_parquet(sys.argv[1] + "/derived.parquet")
train = pl.scan_parquet(sys.argv[1] + "/chronological/train.parquet")
sums = rows.select(pl.len().alias("rows"), pl.col("item_7d_click").sum().alias("c"), pl.col("user_since_last").sum().alias("s")).collect()
known = 0
for group in GROUPS:
    counts = pl.concat([train.select(pl.col(n).cast(pl.String).alias("v")) for n in group]).drop_nulls().group_by("v").len()
    table = counts.filter(pl.col("len") >= 5).select("v")
    for n in group:
        known += rows.select(pl.col(n).cast(pl.String).alias("v")).join(table, on="v", how="semi").select(pl.len()).collect().item()
print(json.dumps({"rows": sums["rows"][0], "window_clicks": int(sums["c"][0] or 0), "seconds_since_last": float(sums["s"][0]), "known_ids": known}))
"""
    groups = [CATEGORIES[:6], *([name] for name in CATEGORIES[6:])]
    program = program.replace("GROUPS", repr(groups))
    out = subprocess.run([args.python, "-c", program, args.work / "ours"], check=True, capture_output=True, text=True)
    found = json.loads(out.stdout)
    found.update({"train_rows": run.output["train_rows"], "test_rows": run.output["test_rows"]})
    return found


def compare(name, theirs, found):
    for key in EXACT:
        if theirs[key] != found[key]:
            sys.exit(f"{name} and slatewise disagree in {key}: {theirs[key]} and {found[key]}")
    apart = abs(theirs["seconds_since_last"] - found["seconds_since_last"])
    if apart > 1e-9 * abs(theirs["seconds_since_last"]):
        sys.exit(f"{name} and slatewise disagree in seconds_since_last by {apart}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for logs and results")
    parser.add_argument("--xtask", type=Path, required=True, help="our program, built with --release")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="a Python with polars, pandas, pyarrow")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default="polars,pandas")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    log = (args.work / f"log_{args.rows}").resolve()
    if not log.exists():
        users, items = max(args.rows // 20, 100), max(args.rows // 100, 100)
        command = [args.xtask, "simulate", "--output", log, "--rows", args.rows, "--users", users, "--items", items, "--dirty"]
        subprocess.run([str(part) for part in command], check=True)
    peers = [peer for peer in args.peers.split(",") if peer]
    found = agreement(args, log)
    rows = encoded(args)
    least = {}
    for _ in range(args.repeats):
        for name in ["slatewise", *peers]:
            if name == "slatewise":
                run = ours(args, log, keep=False)
                if encoded(args) != rows:
                    sys.exit("slatewise encodes other rows where it keeps none")
            else:
                run = Run([args.python, HERE / "cleaning_peers.py", name, log, args.work / name])
                compare(name, run.output, found)
            seconds, cpu, peak = least.get(name, (float("inf"),) * 3)
            least[name] = (min(seconds, run.seconds), min(cpu, run.cpu), min(peak, run.peak))
    print(f"{args.rows:,} rows, {platform.machine()}, {os.cpu_count()} cores, least of {args.repeats}")
    print("| | wall s | CPU s | peak MB | wall against ours | CPU against ours |\n|---|---|---|---|---|---|")
    mine = least["slatewise"]
    for name, (seconds, cpu, peak) in least.items():
        print(f"| {name} | {seconds:.1f} | {cpu:.1f} | {peak / 1e6:.0f} | {seconds / mine[0]:.2f} | {cpu / mine[1]:.2f} |")


if __name__ == "__main__":
    main()
