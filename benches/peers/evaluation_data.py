"""Writes the seeded files that both sides read: `evaluation_data.py prediction|bandit ROWS FOLDER [--csv]`.

Rows come in blocks of 100,000, each from its own generator (seed, block): a file of a million rows is the first tenth
of one of ten million.

    prediction_ROWS.{csv,parquet}   user_id,label,score                            100,000 users, about 10 % positive
    bandit_ROWS.{parquet[,csv]}     action,reward,pscore,pi_e_0..4,q_hat_0..4      softmax policies over three features
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20_260_101
BLOCK = 100_000
BLOCKS_PER_ROW_GROUP = 10
USERS = 100_000
ACTIONS = 5


def sigmoid(logit):
    return 1.0 / (1.0 + np.exp(-logit))


def softmax(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def prediction_block(rng, rows):
    """Scores that rank well and are a little overconfident; a user's rate varies, so that GAUC and AUC differ."""
    user = (rng.random(rows) ** 2 * USERS).astype(np.int64)
    truth = rng.normal(-2.65, 1.1, rows) + 0.4 * np.sin(user)
    score = sigmoid(1.1 * truth + rng.normal(0.1, 0.5, rows))
    label = (rng.random(rows) < sigmoid(truth)).astype(np.int64)
    return {"user_id": [f"u{code}" for code in user.tolist()], "label": label, "score": score}


def bandit_block(rng, rows):
    """Rewards of 0 and 1 from a logistic model, an estimate of it with noise, and two policies near each other."""
    fixed = np.random.default_rng([SEED, 1])
    context = rng.normal(size=(rows, 3))
    logits_b, logits_e, logits_r = (context @ fixed.normal(0.0, spread, (3, ACTIONS)) for spread in (0.3, 0.3, 0.7))
    pi_b, pi_e = softmax(logits_b), softmax(logits_e)
    action = np.minimum((pi_b.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1), ACTIONS - 1)
    every = np.arange(rows)
    reward = (rng.random(rows) < sigmoid(logits_r[every, action])).astype(np.int64)
    q_hat = sigmoid(logits_r + rng.normal(0.0, 0.4, (rows, ACTIONS)))
    columns = {"action": action, "reward": reward, "pscore": pi_b[every, action]}
    columns.update({f"pi_e_{a}": np.ascontiguousarray(pi_e[:, a]) for a in range(ACTIONS)})
    columns.update({f"q_hat_{a}": np.ascontiguousarray(q_hat[:, a]) for a in range(ACTIONS)})
    return columns


def csv_lines(columns):
    """Floats with 17 significant digits, so that every reader can recover the same number."""
    form = ",".join("%.17g" if np.asarray(values).dtype.kind == "f" else "%s" for values in columns.values())
    lists = [values if isinstance(values, list) else values.tolist() for values in columns.values()]
    return "".join(form % row + "\n" for row in zip(*lists))


def generate(kind, rows, folder, csv):
    """Writes beside the final name and renames, so that a file that is there is a whole one."""
    folder.mkdir(parents=True, exist_ok=True)
    block = prediction_block if kind == "prediction" else bandit_block
    parquet_path, csv_path = (folder / f"{kind}_{rows}.{ending}" for ending in ("parquet", "csv"))
    parquet_part, csv_part = (path.with_name(path.name + ".part") for path in (parquet_path, csv_path))
    writer, group = None, []
    with open(csv_part if csv else os.devnull, "w", encoding="ascii") as text:
        for number, first in enumerate(range(0, rows, BLOCK)):
            columns = block(np.random.default_rng([SEED, 2, number]), min(BLOCK, rows - first))
            if csv:
                text.write(",".join(columns) + "\n" if first == 0 else "")
                text.write(csv_lines(columns))
            group.append(pa.table(columns))
            if len(group) == BLOCKS_PER_ROW_GROUP or first + BLOCK >= rows:
                table, group = pa.concat_tables(group).combine_chunks(), []
                writer = writer or pq.ParquetWriter(parquet_part, table.schema)
                writer.write_table(table)
    writer.close()
    parquet_part.rename(parquet_path)
    if csv:
        csv_part.rename(csv_path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["prediction", "bandit"])
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", action="store_true", help="also as CSV")
    args = parser.parse_args()
    generate(args.kind, args.rows, args.folder, args.csv)
