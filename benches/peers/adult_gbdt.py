"""Histogram gradient boosting on Adult (census income): what a strong single-task model reaches on the two tasks.

Tasks: income above 50,000 dollars, and never married. Features: every column but income, marital-status, relationship
(which gives marital status away) and fnlwgt (a sampling weight): 5 numbers and 6 categories, "?" being one of its own.
Each task has a scikit-learn HistGradientBoostingClassifier, fitted on the train file, a tenth of which says when to
stop; a seed draws that tenth. Printed: ROC AUC and log loss on the test file, mean and 95 % t-interval over the seeds,
which says how the draw of that tenth moves the model, not how another test file would.
"""

import argparse
import csv
import gzip
import statistics
from pathlib import Path

import numpy as np
import sklearn
from scipy.stats import t
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import OrdinalEncoder

FOLDER = Path(__file__).resolve().parents[2] / "datasets/adult"
NUMBERS = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
CATEGORIES = ["workclass", "education", "occupation", "race", "sex", "native-country"]
TASKS = {"income > 50K": ("income", ">50K"), "never married": ("marital-status", "Never-married")}
METRICS = {"ROC AUC": roc_auc_score, "log loss": log_loss}
SEEDS = range(5)
SETTINGS = {"learning_rate": 0.05, "max_iter": 2000, "n_iter_no_change": 20, "validation_fraction": 0.1}


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def features(rows, encoder):
    numbers = np.array([[float(row[name]) for name in NUMBERS] for row in rows])
    return np.hstack([numbers, encoder.transform([[row[name] for name in CATEGORIES] for row in rows])])


def label(rows, task):
    column, value = TASKS[task]
    return np.array([row[column] == value for row in rows], dtype=np.int64)


def interval(values):
    """Mean and half the width of the 95 % t-interval."""
    half = t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):.4f} ± {half:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of train.csv.gz and test.csv.gz")
    folder = parser.parse_args().folder
    train, test = (read(folder / f"{name}.csv.gz") for name in ("train", "test"))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    encoder.fit([[row[name] for name in CATEGORIES] for row in train])
    x, x_test = features(train, encoder), features(test, encoder)
    categorical = [False] * len(NUMBERS) + [True] * len(CATEGORIES)
    print(f"scikit-learn {sklearn.__version__}, {len(train):,} rows to learn from, {len(test):,} to test on, ", end="")
    print(f"{len(SEEDS)} seeds, {SETTINGS}.\n\n| task | positive in test | trees | {' | '.join(METRICS)} |")
    print("|---|---|---|" + "---|" * len(METRICS))
    for task in TASKS:
        y, y_test = label(train, task), label(test, task)
        trees, scores = [], {metric: [] for metric in METRICS}
        for seed in SEEDS:
            model = HistGradientBoostingClassifier(
                early_stopping=True, categorical_features=categorical, random_state=seed, **SETTINGS
            ).fit(x, y)
            trees.append(model.n_iter_)
            for metric, judge in METRICS.items():
                scores[metric].append(judge(y_test, model.predict_proba(x_test)[:, 1]))
        cells = [task, f"{y_test.mean():.1%}", f"{min(trees)} to {max(trees)}", *map(interval, scores.values())]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
