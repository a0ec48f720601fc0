"""Compares slatewise's reinforcement learning with Python's: same environments, same hyper-parameters, same machine.

The work stands in learning_peer.py. Both sides take turns, peer, ours, peer, ours; a turn is a process of its own, pinned to
its cores, that trains once and prints its seconds. Printed: steps per second, median over the rounds [least, greatest], and
the ratio ours to theirs. The mean return of the last 100 episodes, ours after as many steps as the peer took, shows that both
sides learn the same thing.

Standard library only. README.md beside this file says how to make the virtual environment.
"""

import argparse
import json
import statistics
from pathlib import Path

from evaluation import CORES, HERE, Run, absolute

# Work, environments, steps of the peer, steps of ours: a turn of either side takes seconds.
CASES = [
    ("frozen_lake", 1, 150_000, 10_000_000),
    ("cliff_walking", 1, 150_000, 10_000_000),
    ("taxi", 1, 150_000, 10_000_000),
    ("dqn", 1, 50_000, 50_000),
    ("dqn", 10, 50_000, 50_000),
]
HEADER = """\
| work | environments | threads | peer, steps/s | ours, steps/s | ratio [rounds] | return of the last 100 episodes, peer / ours |
|---|---|---|---|---|---|---|"""


def turn(command, case, steps, threads, seed):
    work, environments, *_ = case
    options = ["--work", work, "--environments", environments, "--steps", steps, "--threads", threads, "--seed", seed]
    return Run([*command, *options], threads).output


def spread(values, form):
    return f"{form(statistics.median(values))} [{form(min(values))}, {form(max(values))}]"


def compare(args, case, threads):
    peer, ours, alike = [], [], []
    for seed in range(1, args.rounds + 1):
        peer.append(turn([args.python, HERE / "learning_peer.py"], case, case[2], threads, seed))
        ours.append(turn([args.ours], case, case[3], threads, seed))
        alike.append(turn([args.ours], case, case[2], threads, seed) if case[2] != case[3] else ours[-1])
    rates = [[run["steps"] / run["seconds"] for run in side] for side in (peer, ours)]
    ratios = [b / a for a, b in zip(*rates)]
    returns = [statistics.mean(run["last_return"] for run in side) for side in (peer, alike)]
    cells = [case[0], case[1], threads, *(spread(side, lambda rate: f"{rate:,.0f}") for side in rates)]
    cells += [spread(ratios, lambda ratio: f"{ratio:.1f} ×"), " / ".join(f"{value:.1f}" for value in returns)]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return {"case": case, "threads": threads, "peer": peer, "ours": ours}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=absolute, required=True, help="Python with requirements-learning.txt")
    parser.add_argument("--ours", type=absolute, required=True, help="our release example rl_peer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", choices=CORES, default=[1])
    parser.add_argument("--only", nargs="+", help="works to run")
    parser.add_argument("--json", type=Path, help="file for every number")
    args = parser.parse_args()
    print(HEADER, flush=True)
    cases = [case for case in CASES if not args.only or case[0] in args.only]
    results = [compare(args, case, threads) for case in cases for threads in args.threads]
    print("\nPeer:", results[-1]["peer"][-1]["versions"])
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
