"""Compares slatewise's evaluation with scikit-learn and Open Bandit Pipeline: same files, same run, same machine.

Each side is a process of its own, pinned to one core and then to two; its peak memory is the kernel's figure for it.
The peers' clocks start after their imports; ours is the whole process, reading included. Each is run REPEATS times in
turn with the other, and the least time counts (of each step, which flatters the peer). Both sides must give the same
numbers, or nothing is printed but the difference.

Standard library only. README.md beside this file says how to make the two virtual environments.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-9
# Bounds come from other random draws: with 100 resamples on each side they differ by about 0.4 standard errors.
INTERVAL_TOLERANCE = 2.0
CORES = {1: "0", 2: "0,1"}
THREAD_VARIABLES = [f"{library}_NUM_THREADS" for library in ("RAYON", "OMP", "OPENBLAS", "MKL")]
BANDIT_VALUES = ["ips", "snips", "dm", "dr", "sndr", "switch_dr_tau5", "dros_5"]
NEEDED = ["--columns", "label,score"]
READING = ("read", "arrays")
WHOLE = "whole process"
HEADER = """\
| case | cores | peer | CPU | not reading | memory | ours | CPU | memory | ratio | CPU ratio | ratio, not reading |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


class Run:
    """One finished process: what it printed, its wall and CPU time in seconds, its peak resident memory in bytes."""

    def __init__(self, command, threads):
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore")
        environment.update({name: str(threads) for name in THREAD_VARIABLES})
        pinned = ["taskset", "-c", CORES[threads], *map(str, command)]
        with tempfile.TemporaryFile() as out:
            start = time.perf_counter()
            child = subprocess.Popen(pinned, stdout=out, env=environment)
            _, status, usage = os.wait4(child.pid, 0)
            self.seconds = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read().decode()
        if child.returncode != 0:
            sys.exit(f"{' '.join(pinned)}\nended with {child.returncode}")
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        self.output = json.loads(text)


class Fastest:
    """The least of each time over the repetitions, wall and CPU, and the least peak memory."""

    def __init__(self):
        self.seconds, self.cpu_seconds, self.peak, self.output = {}, {}, None, None

    def add(self, run, seconds, cpu_seconds):
        for least, new in ((self.seconds, seconds), (self.cpu_seconds, cpu_seconds)):
            least.update({step: min(value, least.get(step, value)) for step, value in new.items()})
        self.peak = min(run.peak, self.peak or run.peak)
        self.output = self.output or run.output

    def total(self, leaving_out=()):
        return sum(seconds for step, seconds in self.seconds.items() if step not in leaving_out)


def data_file(args, kind, ending):
    """The file, made first if the folder lacks it."""
    path = args.work / f"{kind}_{args.rows}.{ending}"
    if not path.exists():
        command = [args.python, HERE / "evaluation_data.py", kind, args.rows, args.work]
        subprocess.run([*map(str, command), *(["--csv"] if ending == "csv" else [])], check=True)
    return path


def refuse_difference(case, theirs, ours):
    """Ends the comparison where a value is missing or differs: a time for another answer is no time."""
    for key, expected in theirs["values"].items():
        value = ours.get(key)
        if value is None:
            reasons = [line for line in ours.get("warnings", []) if line.startswith(key)]
            sys.exit(f"{case}: ours has no `{key}`, the peer {expected!r} {reasons}")
        if not abs(value - expected) <= TOLERANCE:
            sys.exit(f"{case}: `{key}` is {value!r} here and {expected!r} there")
    for key, bounds in theirs.get("intervals", {}).items():
        allowed = INTERVAL_TOLERANCE * (bounds[1] - bounds[0]) / (2 * 1.96)
        here = [ours.get(f"{key}_bootstrap_{side}", math.nan) for side in ("lower", "upper")]
        if not all(abs(ours_ - theirs_) <= allowed for ours_, theirs_ in zip(here, bounds)):
            sys.exit(f"{case}: the interval of `{key}` is {here} here and {bounds} there")


def compare(args, case, path, threads, peer, command):
    """Runs both sides in turn; gives (theirs, ours or None)."""
    theirs, ours = Fastest(), Fastest() if args.xtask else None
    for _ in range(args.repeats):
        run = Run(peer, threads)
        theirs.add(run, run.output["seconds"], run.output["cpu_seconds"])
        if ours is not None:
            run = Run([args.xtask, *command, "--input", path, "--json"], threads)
            ours.add(run, {WHOLE: run.seconds}, {WHOLE: run.cpu_seconds})
    if ours is not None:
        refuse_difference(case, theirs.output, ours.output)
    return theirs, ours


def row(case, threads, theirs, ours, size):
    """One line of the table. The last ratio charges ours with everything and the peer with its arithmetic alone."""
    arithmetic, cpu = theirs.total(READING), sum(theirs.cpu_seconds.values())
    cells = [case, threads, f"{theirs.total():.2f}", f"{cpu:.2f}", f"{arithmetic:.2f}", f"{theirs.peak / 1e6:,.0f}"]
    if ours is None:
        cells += ["–"] * 6
    else:
        wall, our_cpu = ours.total(), sum(ours.cpu_seconds.values())
        cells += [f"{wall:.3f}", f"{our_cpu:.3f}", f"{ours.peak / 1e6:,.0f} ({ours.peak / size:.2f} of the file)"]
        cells += [f"{theirs.total() / wall:.1f} ×", f"{cpu / our_cpu:.1f} ×", f"{arithmetic / wall:.1f} ×"]
    return "| " + " | ".join(map(str, cells)) + " |"


def prediction(args, lines, details):
    readers = [
        ("CSV, read_csv", "csv", []),
        ("CSV, read_csv of label and score", "csv", NEEDED),
        ("CSV, read_csv engine=pyarrow of label and score", "csv", ["--engine", "pyarrow", *NEEDED]),
        ("Parquet, read_parquet", "parquet", []),
        ("Parquet, read_parquet of label and score", "parquet", NEEDED),
    ]
    for threads in args.threads:
        for name, ending, options in readers:
            path = data_file(args, "prediction", ending)
            peer = [args.python, HERE / "evaluation_peers.py", "prediction", path, *options]
            theirs, ours = compare(args, name, path, threads, peer, ["metrics", "prediction", "--only", "auc,logloss"])
            lines.append(row(name, threads, theirs, ours, path.stat().st_size))
            details.append((name, threads, theirs, ours))


def bandit(args, lines, details):
    for ending in ["parquet"] + (["csv"] if args.bandit_csv else []):
        for threads in args.threads:
            path = data_file(args, "bandit", ending)
            name = f"{len(BANDIT_VALUES)} estimators, {ending}"
            peer = [args.obp_python, HERE / "evaluation_peers.py", "bandit", path]
            theirs, ours = compare(args, name, path, threads, peer, ["ope", "bandit", "--bootstrap", "100"])
            lines.append(row(name, threads, theirs, ours, path.stat().st_size))
            details.append((name, threads, theirs, ours))


def steps(side):
    """Each step's wall time with its CPU time: on one core, a wall time far above it says that the machine was busy."""
    return ", ".join(f"{step} {wall:.3f} s ({side.cpu_seconds[step]:.3f} s CPU)" for step, wall in side.seconds.items())


def print_details(details):
    """Every step, and the peer's values and intervals once per kind of job."""
    seen = set()
    for name, threads, theirs, ours in details:
        print(f"- {name}, {threads} core{'s' if threads > 1 else ''}. Peer: {steps(theirs)}.")
        if ours is not None:
            print(f"  Ours: {steps(ours)}.")
        values, intervals = theirs.output["values"], theirs.output.get("intervals", {})
        if not seen & values.keys():
            print(*(f"  - `{key}` {value!r} {intervals.get(key, '')}" for key, value in values.items()), sep="\n")
        seen |= values.keys()


def absolute(text):
    """Absolute, links kept: a virtual environment's Python is a link."""
    return Path(text).absolute()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the files, outside the repository")
    parser.add_argument("--python", type=absolute, required=True, help="Python with requirements-evaluation.txt")
    parser.add_argument("--obp-python", type=absolute, help="with requirements-obp.txt; without it, no bandit part")
    parser.add_argument("--xtask", type=absolute, help="our release binary; without it, the peers alone")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", choices=CORES, default=list(CORES))
    parser.add_argument("--only", choices=["prediction", "bandit"], help="one part")
    parser.add_argument("--bandit-csv", action="store_true", help="the bandit part from CSV too (2.2 GB)")
    args = parser.parse_args()
    if args.repeats < 1 or args.rows < 1:
        parser.error("--rows and --repeats are at least 1")
    return args


def main():
    args = parse()
    args.work = args.work.resolve()
    if HERE.parents[1] == args.work or HERE.parents[1] in args.work.parents:
        sys.exit(f"--work {args.work} lies in the repository: name a folder outside it")
    if args.xtask is None or not args.xtask.is_file():
        print(f"Ours is skipped: no binary at --xtask {args.xtask} (cargo build --release -p xtask).\n")
        args.xtask = None
    lines, details = [], []
    if args.only != "bandit":
        prediction(args, lines, details)
    if args.only != "prediction" and args.obp_python is None:
        print("The bandit part is skipped: no --obp-python.\n")
    elif args.only != "prediction":
        bandit(args, lines, details)
    print(f"{args.rows:,} rows, least of {args.repeats}, {platform.machine()}, {os.cpu_count()} cores. Seconds; MB.\n")
    print(HEADER, *lines, sep="\n", end="\n\n")
    print_details(details)


if __name__ == "__main__":
    main()
