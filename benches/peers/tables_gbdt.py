"""Histogram gradient boosting on the very rows of a run: what `cargo xtask train --config … --keep-rows` learned from and was judged on.

    cargo xtask train --config configs/bank.toml --keep-rows --runs /tmp/runs
    python benches/peers/tables_gbdt.py /tmp/runs/bank-*

For each split and each binary task a scikit-learn HistGradientBoostingClassifier and a logistic regression (numbers
standardised, categories one-hot) are fitted on the train part, with the validation part saying when boosting stops, and
judged on the test part. Features are the columns that the run had: neither feedback nor propensity nor session nor time,
nor what is known after the outcome, nor what the config leaves out. Beside them stands what the run reached. Neither peer
draws anything, so one fit each. Given several runs of one config (other seeds divide the rows otherwise), the last table
holds means over the runs, and the mean difference to gradient boosting, run by run, with its 95 % t-interval.
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


def difference(ours, theirs):
    """Mean difference and half the width of its 95 % t-interval."""
    values = [a - b for a, b in zip(ours, theirs)]
    if len(values) < 2:
        return f"{values[0]:+.4f}"
    half = t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):+.4f} ± {half:.4f}"


def boosting(parts, task, numbers, texts):
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
        random_state=0,
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
    found = {}
    print(f"{'run':<34}{'split':<15}{'task':<12}{'model':<21}{'ROC AUC':<9}log loss")
    for run in parser.parse_args().runs:
        metrics = json.loads((run / "metrics.json").read_text())["splits"]
        name = tomllib.loads((run / "config.toml").read_text())["name"]
        numbers, texts = feature_columns(run)
        for split, judged_split in metrics.items():
            parts = {part: pd.read_parquet(run / f"rows/{split}/{part}.parquet") for part in ("train", "validation", "test")}
            for judged in judged_split["test"]:
                if not judged.get("binary"):
                    continue
                task = judged["task"]
                known = {part: rows[rows[task].notna()] for part, rows in parts.items()}
                y = known["test"][task].to_numpy()
                for model, fit in (("gradient boosting", boosting), ("logistic regression", logistic), ("slatewise", None)):
                    ours = judged["binary"]
                    if fit is None:
                        auc, loss = ours["roc_auc"], ours["log_loss"]
                    else:
                        scores = fit(known, task, numbers, texts)
                        auc, loss = roc_auc_score(y, scores), log_loss(y, scores)
                    found.setdefault((name, split, task), {}).setdefault(model, []).append((auc, loss))
                    print(f"{run.name:<34}{split:<15}{task:<12}{model:<21}{auc:<9.4f}{loss:.4f}", flush=True)
    print("\n| data | split | task | runs | gradient boosting | logistic regression | slatewise | slatewise − gradient boosting |")
    print("|---|---|---|---|---|---|---|---|")
    for (name, split, task), models in found.items():
        aucs = {model: [auc for auc, _ in pairs] for model, pairs in models.items()}
        means = [f"{statistics.mean(aucs[model]):.4f}" for model in ("gradient boosting", "logistic regression", "slatewise")]
        gap = difference(aucs["slatewise"], aucs["gradient boosting"])
        print(f"| {name} | {split} | {task} | {len(aucs['slatewise'])} | {' | '.join(means)} | {gap} |")


if __name__ == "__main__":
    main()
