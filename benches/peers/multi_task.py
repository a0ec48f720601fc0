"""Compares slatewise's multi-task training and prediction with PyTorch's: same work, same run, same machine.

The work stands in multi_task_peer.py. For each case (work, batch, threads) PyTorch first runs every candidate twice and
keeps the one with the fastest turn; then both sides take short turns, peer, ours, peer, ours. A turn is a process of
its own, pinned to its cores, that works for SECONDS and prints every step's time. The first tenth of a turn is left out
on both sides.

Printed: median [first and third quartile] over all steps, and the ratio, theirs to ours, of one round's medians: the
median over rounds [the least, the greatest]. So a load that comes and goes weighs on both. The two sides draw their own
weights and batches, and the first losses agree only roughly; they show that both learn the same thing.

Standard library only. README.md beside this file says how to make the virtual environment.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path

from evaluation import CORES, HERE, Run, absolute

CASES = [("train", 4096), ("infer", 1), ("infer", 100), ("infer", 4096)]
WAYS = {"train": ["sparse", "dense"], "infer": ["eager", "traced"]}
NETS = ["naive", "packed"]
SELECTION_TURNS = 2
WARM_UP_SHARE, WARM_UP_STEPS = 0.1, 2
HEADER = """\
| work | batch | threads | PyTorch's best | PyTorch, ms | ours, ms | ratio [rounds] |
|---|---|---|---|---|---|---|"""


def candidates(work, compiled):
    names = [f"{way}-{net}" for way in WAYS[work] for net in NETS]
    if not compiled:
        return names
    return names + ([f"{name}-compiled" for name in names] if work == "train" else [f"compiled-{net}" for net in NETS])


def steady(milliseconds):
    """The steps of a turn without its first ones; all of them where there are no others."""
    first = max(WARM_UP_STEPS, int(len(milliseconds) * WARM_UP_SHARE))
    return milliseconds[first:] or milliseconds


class Side:
    """What one side did in one case: a list of step times for each turn."""

    def __init__(self, command, case, seconds):
        self.work, self.batch, self.threads = case
        self.command = [*command, "--threads", self.threads, "--work", self.work, "--batch", self.batch]
        self.command += ["--seconds", seconds]
        self.turns, self.last = [], None

    def turn(self):
        self.last = Run(self.command, self.threads).output
        for key in ("work", "batch", "threads"):
            if self.last[key] != getattr(self, key):
                sys.exit(f"{self.command[0]}: {key} is {self.last[key]!r} and should be {getattr(self, key)!r}")
        self.turns.append(steady(self.last["milliseconds"]))

    def steps(self):
        return [step for turn in self.turns for step in turn]

    def median(self):
        return statistics.median(self.steps())

    def best_turn(self):
        return min(map(statistics.median, self.turns))

    def summary(self):
        quartiles = statistics.quantiles(self.steps(), n=4, method="inclusive") if len(self.steps()) > 1 else None
        return {
            "median_ms": self.median(),
            "quartiles_ms": [quartiles[0], quartiles[2]] if quartiles else [self.median()] * 2,
            "steps": len(self.steps()),
            "median_ms_of_turns": [statistics.median(turn) for turn in self.turns],
            "first_loss": self.last.get("first_loss"),
        }


def peer(args, case, candidate, seconds):
    return Side([args.python, HERE / "multi_task_peer.py", "--candidate", candidate], case, seconds)


def fastest(args, case):
    """PyTorch's candidates with the median of their better turn, fastest first; they take turns with one another."""
    sides = {name: peer(args, case, name, args.seconds) for name in candidates(case[0], args.compiled)}
    for _ in range(SELECTION_TURNS):
        for side in sides.values():
            side.turn()
    return dict(sorted(((name, side.best_turn()) for name, side in sides.items()), key=lambda entry: entry[1]))


def compare(args, case):
    """One case: PyTorch's best candidate and ours in turn."""
    medians = fastest(args, case)
    best = next(iter(medians))
    theirs, ours = peer(args, case, best, args.seconds), Side([args.ours], case, args.seconds) if args.ours else None
    for _ in range(args.rounds):
        theirs.turn()
        if ours is not None:
            ours.turn()
    result = dict(zip(("work", "batch", "threads"), case))
    result.update(candidates_best_median_ms=medians, best=best, peer=theirs.summary())
    result.update({key: theirs.last[key] for key in ("version", "cpu")})
    if ours is not None:
        rounds = [statistics.median(a) / statistics.median(b) for a, b in zip(theirs.turns, ours.turns)]
        result.update(ours=ours.summary(), ratio=statistics.median(rounds), ratio_of_rounds=rounds)
    return result


def milliseconds(summary):
    """Three significant digits: batches take from a hundredth of a millisecond to a second."""
    return "{:.3g} [{:.3g}, {:.3g}]".format(summary["median_ms"], *summary["quartiles_ms"])


def row(result):
    cells = [result["work"], f"{result['batch']:,}", result["threads"], result["best"], milliseconds(result["peer"])]
    if "ours" in result:
        cells.append(milliseconds(result["ours"]))
        rounds = result["ratio_of_rounds"]
        cells.append(f"{result['ratio']:.2f} × [{min(rounds):.2f}, {max(rounds):.2f}]")
    else:
        cells += ["–", "–"]
    return "| " + " | ".join(map(str, cells)) + " |"


def print_details(results):
    for result in results:
        names = ", ".join(f"{name} {median:.3g} ms" for name, median in result["candidates_best_median_ms"].items())
        threads = f"{result['threads']} thread{'s' if result['threads'] > 1 else ''}"
        print(f"- {result['work']}, batch {result['batch']:,}, {threads}. PyTorch's candidates: {names}.")
        losses = {side: result[side]["first_loss"] for side in ("peer", "ours") if side in result}
        if losses["peer"] is not None:
            print("  First loss:", ", ".join(f"{side} {loss}" for side, loss in losses.items()) + ".")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=absolute, required=True, help="Python with requirements-multi-task.txt")
    parser.add_argument("--ours", type=absolute, help="our release example; without it, the peer alone")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of work in each turn")
    parser.add_argument("--threads", type=int, nargs="+", choices=CORES, default=list(CORES))
    parser.add_argument("--only", choices=["train", "infer"])
    parser.add_argument("--compiled", action="store_true", help="torch.compile's candidates too (minutes more)")
    parser.add_argument("--json", type=Path, help="file for every number")
    args = parser.parse_args()
    if args.rounds < 1 or args.seconds <= 0:
        parser.error("--rounds is at least 1 and --seconds above 0")
    return args


def main():
    args = parse()
    if args.ours is None or not args.ours.is_file():
        print(f"Ours is skipped: no binary at --ours {args.ours} (README.md says how to build it).\n")
        args.ours = None
    cases = [(*case, threads) for case in CASES for threads in args.threads if args.only in (None, case[0])]
    results = [compare(args, case) for case in cases]
    about = f"PyTorch {results[0]['version']} ({results[0]['cpu']}), {platform.machine()}, {os.cpu_count()} cores"
    print(f"{about}; {args.rounds} rounds of {args.seconds} s a side. Ratio: theirs to ours (above 1: ours faster).\n")
    print(HEADER, *map(row, results), sep="\n", end="\n\n")
    print_details(results)
    if args.json:
        args.json.write_text(json.dumps({"about": about, "results": results}, indent=1))


if __name__ == "__main__":
    main()
