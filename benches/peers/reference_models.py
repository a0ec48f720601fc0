"""Makes the small PyTorch models that the Rust models are held to, and checks folders of them.

    reference_models.py write              into crates/model/tests/golden (ple, esmm, aitm, duelling)
    reference_models.py write --folder F   all into F
    reference_models.py check FOLDER...    recomputes everything from each NAME.weights.safetensors and compares

Each model NAME, in float32 on one thread of the CPU:

    NAME.weights.safetensors                     initial weights; `nn.Linear`: weight [out, in], bias [out]
    NAME.grads.safetensors                       dLoss/dweight at them, same names; embeddings' with zero rows
    NAME.after20.{sgd,adam,adagrad}.safetensors  weights after 20 full-batch steps
    NAME.expected.json                           outputs (float32, float64), loss, its curves, gradient norms, gates

Input of the multi-task models (`inputs.json`): x = concat(emb.0[id 0], emb.1[id 1], emb.2[id 2], dense), [B, 15].
Every MLP is Linear + ReLU for each layer; a tower's last layer is linear and gives the logit. Loss: the sum over tasks
of the mean binary cross-entropy (of ESMM: of pCTR against click and of pCTCVR against purchase).

`check` also knows shared_bottom and mmoe, whose weights were drawn elsewhere.
"""

import argparse
import copy
import json
import math
import platform
import sys
from pathlib import Path

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL_FOLDER = REPOSITORY / "crates/model/tests/golden"

VOCABULARY, DIMENSION, DENSE, TASKS = [11, 7, 5], 4, 3, 2
INPUT = len(VOCABULARY) * DIMENSION + DENSE
WIDTHS, TOWER = [16, 8], [6]
MMOE_EXPERTS = 3
# Unequal, so that a gate's columns in another order give other numbers.
LEVELS, TASK_EXPERTS, SHARED_EXPERTS = 2, 2, 3
STATE, ACTIONS, ROWS = 6, 5, 32
# Gates and attention start sharper than PyTorch's default, and the layers wider (He et al. 2015): nearly even mixtures
# and gradients near zero would hide a mix-up of experts.
SHARPER = 2.0
STEPS = 20
OPTIMIZERS = {
    "sgd": ("sgd_lr0.1", lambda weights: torch.optim.SGD(weights, lr=0.1)),
    "adam": (
        "adam_lr0.01_b0.9_0.999_eps1e-8",
        lambda weights: torch.optim.Adam(weights, lr=0.01, betas=(0.9, 0.999), eps=1e-8),
    ),
    "adagrad": ("adagrad_lr0.05_eps1e-10", lambda weights: torch.optim.Adagrad(weights, lr=0.05, eps=1e-10)),
}
ABSOLUTE, RELATIVE = 1e-6, 1e-5
CROSS_ENTROPY = "sum over tasks of mean over batch of BCE-with-logits, unit task weights"


class Mlp(nn.Module):
    """Linear + ReLU for each layer; the last one without ReLU where `linear_last`. [B, input] -> [B, widths[-1]]"""

    def __init__(self, input, widths, linear_last=False):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip([input, *widths], widths))
        for layer in self.layers:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        self.linear_last = linear_last

    def forward(self, x):
        for number, layer in enumerate(self.layers, 1):
            x = layer(x)
            x = x if self.linear_last and number == len(self.layers) else F.relu(x)
        return x


class Embeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.ModuleList(nn.Embedding(rows, DIMENSION) for rows in VOCABULARY)

    def forward(self, batch):
        return torch.cat([table(batch["sparse"][:, f]) for f, table in enumerate(self.table)] + [batch["dense"]], 1)


def gate(input, experts):
    """A linear layer without a bias; its softmax says how much of each expert is taken."""
    layer = nn.Linear(input, experts, bias=False)
    with torch.no_grad():
        layer.weight.mul_(SHARPER)
    return layer


def mixture(gate, x, experts):
    """Sum of the experts' outputs, weighted by the gate. Gives ([B, hidden], weights [B, n])."""
    weight = torch.softmax(gate(x), 1)
    return torch.einsum("bn,nbh->bh", weight, torch.stack(experts)), weight


def many(number, make):
    return nn.ModuleList(make() for _ in range(number))


def nested(values):
    """Tensors in lists, as plain lists of numbers."""
    return [nested(value) for value in values] if isinstance(values, list) else values.tolist()


class MultiTask(nn.Module):
    """Embeddings, a trunk that gives each task its own representation [B, hidden], and a tower per task."""

    inputs, outputs_meaning, loss_meaning = "inputs.json", "logits [B][task]", CROSS_ENTROPY

    def __init__(self):
        super().__init__()
        self.emb = Embeddings()
        self.make_trunk()
        self.tower = many(TASKS, lambda: Mlp(self.hidden, [*TOWER, 1], linear_last=True))

    def make_trunk(self):
        self.hidden = WIDTHS[-1]

    def forward(self, batch):
        """Gives (logits [B, task], what else the file shows)."""
        hidden, shown = self.trunk(self.emb(batch))
        return torch.cat([tower(h) for tower, h in zip(self.tower, hidden)], 1), shown

    def loss(self, logits, batch):
        return sum(F.binary_cross_entropy_with_logits(z, y) for z, y in zip(logits.T, batch["labels"].T))

    def shown(self, logits):
        return {"probabilities": nested(torch.sigmoid(logits))}


class SharedBottom(MultiTask):
    def make_trunk(self):
        super().make_trunk()
        self.bottom = Mlp(INPUT, WIDTHS)

    def trunk(self, x):
        return [self.bottom(x)] * TASKS, {}


class Mmoe(MultiTask):
    """Ma et al. 2018."""

    def make_trunk(self):
        super().make_trunk()
        self.expert = many(MMOE_EXPERTS, lambda: Mlp(INPUT, WIDTHS))
        self.gate = many(TASKS, lambda: gate(INPUT, MMOE_EXPERTS))

    def trunk(self, x):
        experts = [expert(x) for expert in self.expert]
        hidden, weights = zip(*(mixture(g, x, experts) for g in self.gate))
        return hidden, {"gates": list(weights)}


class Level(nn.Module):
    """One level of PLE, from a state per task and a shared one to the next; the last level needs no shared one."""

    def __init__(self, input, last):
        super().__init__()
        self.task_expert = many(TASKS, lambda: many(TASK_EXPERTS, lambda: Mlp(input, WIDTHS)))
        self.shared_expert = many(SHARED_EXPERTS, lambda: Mlp(input, WIDTHS))
        self.task_gate = many(TASKS, lambda: gate(input, TASK_EXPERTS + SHARED_EXPERTS))
        self.shared_gate = None if last else gate(input, TASKS * TASK_EXPERTS + SHARED_EXPERTS)

    def forward(self, tasks, shared):
        own = [[expert(x) for expert in experts] for experts, x in zip(self.task_expert, tasks)]
        common = [expert(shared) for expert in self.shared_expert]
        mixed = [mixture(g, x, experts + common) for g, x, experts in zip(self.task_gate, tasks, own)]
        hidden, weights = zip(*mixed)
        if self.shared_gate is None:
            return list(hidden), None, list(weights), None
        shared, shared_weight = mixture(self.shared_gate, shared, sum(own, []) + common)
        return list(hidden), shared, list(weights), shared_weight


class Ple(MultiTask):
    """Tang et al. 2020: gates [level][task][B][own experts, shared], shared gates [level][B][all tasks', shared]."""

    def make_trunk(self):
        super().make_trunk()
        inputs = [INPUT] + [self.hidden] * (LEVELS - 1)
        self.level = nn.ModuleList(Level(i, number == LEVELS) for number, i in enumerate(inputs, 1))

    def trunk(self, x):
        tasks, shared, gates, shared_gates = [x] * TASKS, x, [], []
        for level in self.level:
            tasks, shared, weights, shared_weight = level(tasks, shared)
            gates.append(weights)
            shared_gates += [] if shared_weight is None else [shared_weight]
        return tasks, {"gates": gates, "shared_gates": shared_gates}


class Attention(nn.Module):
    """Xi et al. 2021, eq. 3 to 5: z = sum over u in {p, q} of softmax(<query(u), key(u)> / sqrt(width)) value(u)."""

    def __init__(self, width):
        super().__init__()
        self.value, self.query, self.key = (nn.Linear(width, width, bias=False) for _ in range(3))
        with torch.no_grad():
            self.query.weight.mul_(SHARPER)
            self.key.weight.mul_(SHARPER)

    def forward(self, p, q):
        u = torch.stack([p, q], 1)
        score = (self.query(u) * self.key(u)).sum(2) / math.sqrt(u.shape[2])
        weight = torch.softmax(score, 1)
        return (weight.unsqueeze(2) * self.value(u)).sum(1), weight


class Aitm(MultiTask):
    """Xi et al. 2021 without its calibrator: a task after the first also attends to what the one before passes on."""

    def make_trunk(self):
        super().make_trunk()
        self.bottom = many(TASKS, lambda: Mlp(INPUT, WIDTHS))
        self.transfer = many(TASKS - 1, lambda: Mlp(self.hidden, [self.hidden]))
        self.attention = Attention(self.hidden)

    def trunk(self, x):
        hidden, weights = [self.bottom[0](x)], []
        for bottom, transfer in zip(self.bottom[1:], self.transfer):
            z, weight = self.attention(transfer(hidden[-1]), bottom(x))
            hidden.append(z)
            weights.append(weight)
        return hidden, {"attention": weights}


class Esmm(MultiTask):
    """Ma et al. 2018: pCTR = s(z0), pCTCVR = s(z0) s(z1), both learned over all impressions; s is the logistic."""

    loss_meaning = "mean over batch of BCE(pCTR, click) + BCE(pCTCVR, purchase), pCTR = s(z0), pCTCVR = s(z0) s(z1)"

    def make_trunk(self):
        self.hidden = INPUT

    def trunk(self, x):
        return [x] * TASKS, {}

    def loss(self, logits, batch):
        """1 - s(a) s(b) = (e^-a + e^-b + e^-(a+b)) s(a) s(b): its logarithm needs no difference of near numbers."""
        (a, b), (click, purchase) = logits.T, batch["labels"].T
        both = F.logsigmoid(a) + F.logsigmoid(b)
        neither = torch.logsumexp(torch.stack([-a, -b, -a - b]), 0) + both
        pctcvr = -(purchase * both + (1 - purchase) * neither).mean()
        return F.binary_cross_entropy_with_logits(a, click) + pctcvr

    def shown(self, logits):
        click, conversion = torch.sigmoid(logits).T
        return {
            "probabilities": nested(torch.stack([click, click * conversion], 1)),
            "probabilities_meaning": "[B][pCTR, pCTCVR]",
        }


class Duelling(nn.Module):
    """Wang et al. 2016, eq. 9: Q(s, a) = V(s) + A(s, a) - mean over actions of A(s, .)."""

    inputs, outputs_meaning = "duel_inputs.json", "Q [B][action]"
    loss_meaning = "mean over batch of (Q(s, a) - target)^2, a the row's action"

    def __init__(self):
        super().__init__()
        self.trunk = Mlp(STATE, WIDTHS)
        self.value = Mlp(WIDTHS[-1], [*TOWER, 1], linear_last=True)
        self.advantage = Mlp(WIDTHS[-1], [*TOWER, ACTIONS], linear_last=True)

    def forward(self, batch):
        hidden = self.trunk(batch["states"])
        value, advantage = self.value(hidden), self.advantage(hidden)
        return value + advantage - advantage.mean(1, keepdim=True), {"value": value[:, 0], "advantage": advantage}

    def loss(self, values, batch):
        return F.mse_loss(values.gather(1, batch["actions"].unsqueeze(1)).squeeze(1), batch["targets"])

    def shown(self, _):
        return {}


MODELS = {
    "shared_bottom": SharedBottom,
    "mmoe": Mmoe,
    "ple": Ple,
    "esmm": Esmm,
    "aitm": Aitm,
    "duelling": Duelling,
}
# Model to (seed, folder).
WRITTEN = {
    "ple": (20, MODEL_FOLDER),
    "esmm": (21, MODEL_FOLDER),
    "aitm": (22, MODEL_FOLDER),
    "duelling": (23, MODEL_FOLDER),
}


def read_batch(folder, model):
    """The batch as tensors: whole numbers where the file has them (ids, actions), float32 elsewhere."""
    file = json.loads((folder / model.inputs).read_text())
    names = ["dense", "sparse", "labels"] if model.inputs == "inputs.json" else ["states", "actions", "targets"]
    batch = {name: torch.tensor(file[name]) for name in names}
    if "labels" in batch and (batch["labels"][:, 1] > batch["labels"][:, 0]).any():
        sys.exit(f"{folder / model.inputs}: a purchase without a click, which ESMM's loss takes for impossible")
    return batch


def duel_batch():
    draw = np.random.default_rng(19)
    states, targets = (draw.normal(size=size).astype(np.float32) for size in ((ROWS, STATE), ROWS))
    actions = draw.integers(ACTIONS, size=ROWS)
    return {"states": states.tolist(), "actions": actions.tolist(), "targets": targets.tolist(), "n_actions": ACTIONS}


def float64_outputs(model, batch):
    wide = {name: value.double() if value.is_floating_point() else value for name, value in batch.items()}
    with torch.no_grad():
        return copy.deepcopy(model).double()(wide)[0]


def curve(model, batch, make_optimizer):
    """Loss before the first of 20 full-batch steps and after each, and the weights after the last."""
    model = copy.deepcopy(model)
    optimizer, losses = make_optimizer(model.parameters()), []
    for step in range(STEPS + 1):
        optimizer.zero_grad()
        loss = model.loss(model(batch)[0], batch)
        losses.append(loss.item())
        if step < STEPS:
            loss.backward()
            optimizer.step()
    return losses, weights_of(model)


def weights_of(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def compute(name, model, batch):
    """Gives (tensors by kind of file, the JSON file)."""
    outputs, shown = model(batch)
    loss = model.loss(outputs, batch)
    loss.backward()
    files = {"weights": weights_of(model), "grads": {n: w.grad.clone() for n, w in model.named_parameters()}}
    norms = {n: gradient.norm().item() for n, gradient in files["grads"].items()}
    model.zero_grad()
    curves = {}
    for short, (key, make) in OPTIMIZERS.items():
        curves[key], files[f"after{STEPS}.{short}"] = curve(model, batch, make)
    wide = float64_outputs(model, batch)
    return files, {
        "model": name,
        "outputs": nested(outputs),
        "outputs_float64_model": nested(wide),
        "max_f32_f64_gap": (outputs - wide).abs().max().item(),
        "loss": loss.item(),
        f"loss_curve_full_batch_{STEPS}_steps": curves,
        "grad_l2_norm": norms,
        "global_grad_norm": math.sqrt(sum(norm**2 for norm in norms.values())),
        "param_shapes": {n: list(weight.shape) for n, weight in files["weights"].items()},
        "n_params": sum(weight.numel() for weight in files["weights"].values()),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "safetensors": safetensors.__version__,
            "numpy": np.__version__,
        },
        "script": str(Path(__file__).resolve().relative_to(REPOSITORY)),
        "outputs_meaning": model.outputs_meaning,
        **model.shown(outputs),
        "loss_meaning": model.loss_meaning,
        **{key: nested(value) for key, value in shown.items()},
    }


def write(folder_given):
    for name, (seed, folder) in WRITTEN.items():
        folder = folder_given or folder
        folder.mkdir(parents=True, exist_ok=True)
        kind = MODELS[name]
        inputs = folder / kind.inputs
        if kind is Duelling:
            inputs.write_text(json.dumps(duel_batch()))
        elif not inputs.exists():
            inputs.write_bytes((MODEL_FOLDER / kind.inputs).read_bytes())
        torch.manual_seed(seed)
        model = kind()
        files, expected = compute(name, model, read_batch(folder, model))
        for ending, tensors in files.items():
            # One entry: several would be written in a random order.
            metadata = {"convention": "torch Linear [out,in]"} if ending == "weights" else None
            save_file(tensors, folder / f"{name}.{ending}.safetensors", metadata)
        (folder / f"{name}.expected.json").write_text(json.dumps(expected))
        print(f"{folder / name}.*: {expected['n_params']} weights, loss {expected['loss']:.6f}")


def largest_gap(found, expected):
    """Largest distance as a multiple of what is allowed, over whatever is nested in both."""
    if isinstance(expected, dict):
        return max((largest_gap(found[key], value) for key, value in expected.items()), default=0.0)
    found, expected = (torch.as_tensor(value, dtype=torch.float64) for value in (found, expected))
    if found.shape != expected.shape:
        return math.inf
    return ((found - expected).abs() / (ABSOLUTE + RELATIVE * expected.abs())).max().item()


def check(folders):
    """Ends with 1 where anything that a folder holds differs from what its weights give here."""
    compared = ["outputs", "outputs_float64_model", "probabilities", "gates", "shared_gates", "attention", "value"]
    compared += ["advantage", "loss", f"loss_curve_full_batch_{STEPS}_steps", "grad_l2_norm", "global_grad_norm"]
    failed = False
    for weights in sorted(path for folder in folders for path in folder.glob("*.weights.safetensors")):
        name, folder = weights.name.split(".")[0], weights.parent
        model = MODELS[name]()
        model.load_state_dict(load_file(weights))
        files, found = compute(name, model, read_batch(folder, model))
        expected = json.loads((folder / f"{name}.expected.json").read_text())
        gaps = {key: largest_gap(found[key], expected[key]) for key in compared if key in expected}
        for ending, tensors in files.items():
            path = folder / f"{name}.{ending}.safetensors"
            if path.exists():
                there = load_file(path)
                gaps[ending] = largest_gap(tensors, there) if there.keys() == tensors.keys() else math.inf
        worst = max(gaps, key=gaps.get)
        distance = max(abs(a - b) for x, y in zip(found["outputs"], expected["outputs"]) for a, b in zip(x, y))
        print(f"{name}: {len(gaps)} compared; outputs at most {distance:.1e} apart;", end=" ")
        print(f"worst is {worst}, {gaps[worst]:.2f} of what is allowed ({ABSOLUTE} + {RELATIVE} of the value)")
        failed |= not all(gap <= 1.0 for gap in gaps.values())
    sys.exit(int(failed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write").add_argument("--folder", type=Path, help="one folder for all, in place of the crates'")
    commands.add_parser("check").add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    args = parser.parse_args()
    torch.set_num_threads(1)
    write(args.folder) if args.command == "write" else check(args.folders)
