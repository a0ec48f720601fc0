"""Times one peer on one file and prints one JSON object: `evaluation_peers.py prediction|bandit FILE`.

Imports are over before the first clock starts. `evaluation.py` runs this once per repetition, so that peak memory is
one run's.
Runs on Python 3.9 (Open Bandit Pipeline) and 3.11 (scikit-learn).
"""

import argparse
import json
import time

import pandas as pd

ACTIONS = 5
BOOTSTRAP = 100
SEED = 12_345


class Clock:
    """Wall and CPU seconds of each named step."""

    def __init__(self):
        self.seconds, self.cpu_seconds = {}, {}

    def time(self, step, work, *args, **options):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work(*args, **options)
        self.seconds[step], self.cpu_seconds[step] = time.perf_counter() - wall, time.process_time() - cpu
        return result


def read(path, engine, columns):
    if path.endswith(".parquet"):
        return pd.read_parquet(path, columns=columns)
    return pd.read_csv(path, engine=engine, usecols=columns)


def prediction(path, engine, columns):
    """scikit-learn's `roc_auc_score` and `log_loss`."""
    from sklearn.metrics import log_loss, roc_auc_score

    clock = Clock()
    frame = clock.time("read", read, path, engine, columns)
    label, score = frame["label"].to_numpy(), frame["score"].to_numpy()
    auc = clock.time("roc_auc_score", roc_auc_score, label, score)
    logloss = clock.time("log_loss", log_loss, label, score)
    return {**vars(clock), "values": {"auc": float(auc), "logloss": float(logloss)}}


def bandit_arrays(frame):
    """What the estimators take: the feedback, and both matrices with a third axis for the position."""
    import numpy as np

    pi_e, q_hat = (frame[[f"{name}_{a}" for a in range(ACTIONS)]].to_numpy() for name in ("pi_e", "q_hat"))
    feedback = {name: frame[name].to_numpy() for name in ("action", "reward", "pscore")}
    feedback.update(position=None, context=np.zeros((len(frame), 1)), n_rounds=len(frame), n_actions=ACTIONS)
    return feedback, np.ascontiguousarray(pi_e)[:, :, None], np.ascontiguousarray(q_hat)[:, :, None]


def bandit(path, engine, columns):
    """Open Bandit Pipeline's estimators, each by itself: the value, then the bootstrap interval."""
    from obp import ope

    estimators = {
        "ips": ope.InverseProbabilityWeighting(),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting(),
        "dm": ope.DirectMethod(),
        "dr": ope.DoublyRobust(),
        "sndr": ope.SelfNormalizedDoublyRobust(),
        "switch_dr_tau5": ope.SwitchDoublyRobust(lambda_=5.0),
        "dros_5": ope.DoublyRobustWithShrinkage(lambda_=5.0),
    }
    clock = Clock()
    frame = clock.time("read", read, path, engine, columns)
    feedback, pi_e, q_hat = clock.time("arrays", bandit_arrays, frame)
    del frame
    inputs = {"action_dist": pi_e, "estimated_rewards_by_reg_model": q_hat}
    resampling = {"n_bootstrap_samples": BOOTSTRAP, "random_state": SEED}
    values, intervals = {}, {}
    for key, estimator in estimators.items():
        evaluation = ope.OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=[estimator])
        value = clock.time(f"{key} value", evaluation.estimate_policy_values, **inputs)
        interval = clock.time(f"{key} interval", evaluation.estimate_intervals, **inputs, **resampling)
        values[key] = float(value[estimator.estimator_name])
        bounds = interval[estimator.estimator_name]
        intervals[key] = [float(bounds["95.0% CI (lower)"]), float(bounds["95.0% CI (upper)"])]
    return {**vars(clock), "values": values, "intervals": intervals}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["prediction", "bandit"])
    parser.add_argument("file")
    parser.add_argument("--engine", default="c", choices=["c", "pyarrow"], help="of pandas.read_csv")
    parser.add_argument("--columns", type=lambda text: text.split(","), help="read these columns only")
    args = parser.parse_args()
    job = prediction if args.job == "prediction" else bandit
    print(json.dumps(job(args.file, args.engine, args.columns)))
