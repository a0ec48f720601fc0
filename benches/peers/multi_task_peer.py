"""Times PyTorch at one piece of multi-task work and prints one JSON line.

    multi_task_peer.py --threads N --work train|infer --batch B --seconds S --candidate NAME

The model is an MMoE (Ma et al. 2018) as a feed ranks with it: 20 categorical fields of 10 to 1,000,000 values, 16
numbers each, and 10 dense features give x [B, 330]; 4 experts 330 -> 256 -> 128; 3 binary tasks, each with a gate and a
tower 128 -> 64 -> 1. The loss is the sum over tasks of the mean cross-entropy.

Candidates, train: {sparse,dense}-{naive,packed}[-compiled]; infer: {eager,traced,compiled}-{naive,packed}.
- naive: a module per expert, gate and tower. packed: the experts' first layers and all gates as one product each, the
  second layers as one batched product.
- sparse: `Embedding(sparse=True)` with `SparseAdam`, which touches the rows of the batch alone, and fused Adam for the
  rest. dense: fused Adam for everything.
- traced: `torch.jit.trace` and `torch.jit.freeze`. compiled: `torch.compile`, which wants a C++ compiler; in training
  it compiles all but the lookup. All tables lie in one, so that a lookup is one call.

A step begins with the batch as tensors in memory and ends with the loss (train) or the logits (infer) on the host. Two
steps are made before the clock starts; the first one's loss is printed.
"""

import argparse
import json
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY = [10, 10, 20, 50, 50, 100, 100, 200, 500, 1000, 1000, 2000, 5000]
VOCABULARY += [10_000, 10_000, 20_000, 50_000, 100_000, 100_000, 1_000_000]
DIMENSION, DENSE, EXPERTS, TASKS = 16, 10, 4, 3
FIELDS = len(VOCABULARY)
INPUT = FIELDS * DIMENSION + DENSE
FIRST, SECOND, TOWER = 256, 128, 64
LEARNING_RATE, POSITIVE = 1e-3, 0.3
# Taken in turn.
BATCHES = 16
WARM_UP = 2


class Naive(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.ModuleList(nn.Linear(INPUT, FIRST) for _ in range(EXPERTS))
        self.second = nn.ModuleList(nn.Linear(FIRST, SECOND) for _ in range(EXPERTS))
        self.gate = nn.ModuleList(nn.Linear(INPUT, EXPERTS, bias=False) for _ in range(TASKS))
        self.tower = nn.ModuleList(tower() for _ in range(TASKS))

    def forward(self, x):
        experts = [F.relu(second(F.relu(first(x)))) for first, second in zip(self.first, self.second)]
        experts = torch.stack(experts, 1)
        logits = []
        for gate, tower in zip(self.gate, self.tower):
            weight = F.softmax(gate(x), 1).unsqueeze(2)
            logits.append(tower((experts * weight).sum(1)))
        return torch.cat(logits, 1)


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(INPUT, EXPERTS * FIRST)
        bound = FIRST**-0.5
        self.second_weight = nn.Parameter(torch.empty(EXPERTS, FIRST, SECOND).uniform_(-bound, bound))
        self.second_bias = nn.Parameter(torch.empty(EXPERTS, 1, SECOND).uniform_(-bound, bound))
        self.gate = nn.Linear(INPUT, TASKS * EXPERTS, bias=False)
        self.tower = nn.ModuleList(tower() for _ in range(TASKS))

    def forward(self, x):
        hidden = F.relu(self.first(x)).view(-1, EXPERTS, FIRST).transpose(0, 1)
        experts = F.relu(torch.baddbmm(self.second_bias, hidden, self.second_weight)).transpose(0, 1)
        mixed = torch.bmm(F.softmax(self.gate(x).view(-1, TASKS, EXPERTS), 2), experts)
        return torch.cat([tower(mixed[:, task]) for task, tower in enumerate(self.tower)], 1)


def tower():
    return nn.Sequential(nn.Linear(SECOND, TOWER), nn.ReLU(), nn.Linear(TOWER, 1))


class Ranker(nn.Module):
    """Logits [B, 3] from row numbers of the one table [B, 20] and dense features [B, 10]."""

    def __init__(self, net, sparse):
        super().__init__()
        self.table = nn.Embedding(sum(VOCABULARY), DIMENSION, sparse=sparse)
        nn.init.normal_(self.table.weight, std=0.01)
        self.net = {"naive": Naive, "packed": Packed}[net]()

    def forward(self, ids, dense):
        return self.net(torch.cat([self.table(ids).flatten(1), dense], 1))


def batches(rows):
    """Ids u^2 times the field's size, u uniform: some values are common and most are rare."""
    draw = np.random.default_rng(1)
    sizes = np.array(VOCABULARY)
    offsets = np.cumsum(sizes) - sizes
    made = []
    for _ in range(BATCHES):
        ids = offsets + np.minimum((draw.random((rows, FIELDS)) ** 2 * sizes).astype(np.int64), sizes - 1)
        dense = draw.random((rows, DENSE)).astype(np.float32)
        labels = (draw.random((rows, TASKS)) < POSITIVE).astype(np.float32)
        made.append(tuple(map(torch.from_numpy, (ids, dense, labels))))
    return made


def training_step(embedding, net, compiled=None):
    model = Ranker(net, sparse=embedding == "sparse")
    if compiled:
        model.net.compile(dynamic=False)
    if embedding == "sparse":
        adam = torch.optim.Adam(model.net.parameters(), LEARNING_RATE, fused=True)
        optimizers = [adam, torch.optim.SparseAdam(model.table.parameters(), LEARNING_RATE)]
    else:
        optimizers = [torch.optim.Adam(model.parameters(), LEARNING_RATE, fused=True)]

    def step(ids, dense, labels):
        # The mean over all rows and tasks, times the number of tasks, is the sum over tasks of the means.
        loss = TASKS * F.binary_cross_entropy_with_logits(model(ids, dense), labels)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss.item()

    return step


def inference_step(way, net, example):
    model = Ranker(net, sparse=False).eval()
    if way == "traced":
        model = torch.jit.freeze(torch.jit.trace(model, example[:2]))
    elif way == "compiled":
        model.compile(dynamic=False)
    return lambda ids, dense, _: model(ids, dense).numpy()


def measure(step, inputs, seconds):
    """Milliseconds of each step until the seconds are over, and what the first step of all gave."""
    first = [step(*inputs[number]) for number in range(WARM_UP)][0]
    milliseconds, end = [], time.perf_counter() + seconds
    while not milliseconds or time.perf_counter() < end:
        batch = inputs[(WARM_UP + len(milliseconds)) % BATCHES]
        start = time.perf_counter()
        step(*batch)
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return milliseconds, first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--work", choices=["train", "infer"], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--candidate", required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    inputs = batches(args.batch)
    choice = args.candidate.split("-")
    line = {"work": args.work, "batch": args.batch, "threads": args.threads, "candidate": args.candidate}
    if args.work == "train":
        line["milliseconds"], line["first_loss"] = measure(training_step(*choice), inputs, args.seconds)
    else:
        with torch.inference_mode():
            line["milliseconds"], _ = measure(inference_step(*choice, inputs[0]), inputs, args.seconds)
    print(json.dumps({**line, "version": torch.__version__, "cpu": torch.backends.cpu.get_cpu_capability()}))


if __name__ == "__main__":
    main()
