"""Histogram gradient boosting on the very rows of a run: what `cargo xtask train --config … --keep-rows` learned from and was judged on.

    cargo xtask train --config configs/bank.toml --keep-rows --runs /tmp/runs
    python benches/peers/tables_gbdt.py /tmp/runs/bank-*

For each split and each binary task a scikit-learn HistGradientBoostingClassifier and a logistic regression (numbers
standardised, categories one-hot) are fitted on the train part, with the validation part saying when boosting stops, and
judged on the test part. Features are the columns that the run had: neither feedback nor propensity nor session nor time,
nor what is known after the outcome, nor what the config leaves out. Beside them stands what the run reached. Both models
are averaged over seeds for their ROC AUC and log loss; the ± is a 95 % t-interval over the seeds, which says how far the
draw of a seed moves the model, not how another test part would.
"""

import argparse
import json
import statistics
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

SEEDS = range(5)
MOST_CATEGORIES = 255


def feature_columns(run):
    """Names of numeric and of text features."""
    config = tomllib.loads((run / "config.toml").read_text())
    left_out = set(json.loads((run / "metrics.json").read_text())["left_out"]) | set(config["features"]["exclude"])
    columns = json.loads((run / "columns.json").read_text())["columns"]
    used = [
        column
        for column in columns
        if column["role"] not in ("feedback", "propensity", "session", "time")
        and column["available"] != "after"
        and column["name"] not in left_out
        and not column["name"].startswith("_")
        and column["kind"] != "vector"
    ]
    return [c["name"] for c in used if c["kind"] != "text"], [c["name"] for c in used if c["kind"] == "text"]


def interval(values):
    """Mean and half the width of the 95 % t-interval."""
    if len(values) < 2 or len(set(values)) == 1:
        return f"{values[0]:.4f}"
    half = t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):.4f} ± {half:.4f}"


def boosting(parts, task, numbers, texts, seed):
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan, max_categories=MOST_CATEGORIES
    )
    encoder.fit(parts["train"][texts].astype(object)) if texts else None

    def matrix(part):
        columns = [part[numbers].to_numpy(dtype=np.float64)] if numbers else []
        columns += [encoder.transform(part[texts].astype(object))] if texts else []
        return np.hstack(columns)

    categorical = [False] * len(numbers) + [True] * len(texts)
    x, y = matrix(parts["train"]), parts["train"][task].to_numpy()
    held, held_y = matrix(parts["validation"]), parts["validation"][task].to_numpy()
    model = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=2000,
        early_stopping=True,
        n_iter_no_change=20,
        categorical_features=categorical,
        random_state=seed,
    )
    model.fit(x, y, X_val=held, y_val=held_y)
    return model.predict_proba(matrix(parts["test"]))[:, 1]


def logistic(parts, task, numbers, texts):
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="mean"), StandardScaler()), numbers),
            ("texts", OneHotEncoder(handle_unknown="ignore", min_frequency=5), texts),
        ]
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=1000))
    frame = lambda part: part[numbers + texts].assign(**{name: part[name].astype(str) for name in texts})
    model.fit(frame(parts["train"]), parts["train"][task])
    return model.predict_proba(frame(parts["test"]))[:, 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="run directories with their rows")
    for run in parser.parse_args().runs:
        metrics = json.loads((run / "metrics.json").read_text())["splits"]
        numbers, texts = feature_columns(run)
        print(f"\n{run.name}: {len(numbers)} numbers, {len(texts)} categories")
        print(f"{'split':<14}{'task':<18}{'model':<22}{'ROC AUC':<20}{'log loss':<20}")
        for split, found in metrics.items():
            parts = {part: pd.read_parquet(run / f"rows/{split}/{part}.parquet") for part in ("train", "validation", "test")}
            for judged in found["test"]:
                if not judged.get("binary"):
                    continue
                task = judged["task"]
                known = {name: part[part[task].notna()] for name, part in parts.items()}
                y = known["test"][task].to_numpy()
                scores = {
                    "gradient boosting": [boosting(known, task, numbers, texts, seed) for seed in SEEDS],
                    "logistic regression": [logistic(known, task, numbers, texts)],
                }
                rows = [
                    (name, interval([roc_auc_score(y, p) for p in all_p]), interval([log_loss(y, p) for p in all_p]))
                    for name, all_p in scores.items()
                ]
                ours = judged["binary"]
                rows.append(("slatewise", f"{ours['roc_auc']:.4f}", f"{ours['log_loss']:.4f}"))
                for name, auc, loss in rows:
                    print(f"{split:<14}{task:<18}{name:<22}{auc:<20}{loss:<20}")


if __name__ == "__main__":
    main()
