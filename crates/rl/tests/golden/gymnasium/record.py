"""Records gymnasium's tables and traces, and the optimal values of the tables, as CSV and JSON beside this file.

    python -m venv venv && venv/bin/pip install gymnasium==1.4.0 numpy==2.4.6 && venv/bin/python record.py

Tables are `env.unwrapped.P`, outcome by outcome in gymnasium's order. Traces set `env.unwrapped.state` (float64) and
then step. Optimal values come from policy iteration with linear solves, another method than the one under test.
"""

import json
from pathlib import Path

import gymnasium as gym
import numpy as np

HERE = Path(__file__).parent

TABLES = {
    "frozen_lake_4x4": ("FrozenLake-v1", {}, 0.99),
    "frozen_lake_4x4_dry": ("FrozenLake-v1", {"is_slippery": False}, 0.9),
    "frozen_lake_8x8": ("FrozenLake8x8-v1", {}, 0.99),
    "cliff_walking": ("CliffWalking-v1", {}, 1.0),
    "cliff_walking_slippery": ("CliffWalkingSlippery-v1", {}, 0.95),
    "taxi": ("Taxi-v4", {}, 0.99),
}


def optimal(table, states, actions, gamma):
    """V* by policy iteration, first from the uniform policy, so that gamma 1 works where an end can be reached."""
    p, r = np.zeros((states, actions, states)), np.zeros((states, actions))
    for s in range(states):
        for a in range(actions):
            for probability, s2, reward, terminated in table[s][a]:
                r[s, a] += probability * reward
                p[s, a, s2] += probability * (not terminated)
    policy = np.full((states, actions), 1.0 / actions)
    while True:
        matrix = np.eye(states) - gamma * np.einsum("sa,sat->st", policy, p)
        v = np.linalg.solve(matrix, (policy * r).sum(1))
        q = r + gamma * p @ v
        better = np.eye(actions)[np.argmax(np.round(q, 9), axis=1)]
        if np.array_equal(better, policy):
            return q.max(1)
        policy = better


def tables():
    values = {}
    for name, (env_id, options, gamma) in TABLES.items():
        env = gym.make(env_id, **options)
        limit, env = env.spec.max_episode_steps, env.unwrapped
        states, actions = int(env.observation_space.n), int(env.action_space.n)
        rows = ["state,action,probability,next_state,reward,terminated"]
        for s in range(states):
            for a in range(actions):
                for probability, s2, reward, terminated in env.P[s][a]:
                    rows.append(f"{s},{a},{float(probability)!r},{int(s2)},{int(reward)},{int(terminated)}")
        (HERE / f"{name}.csv").write_text("\n".join(rows) + "\n")
        starts = [(s, float(p)) for s, p in enumerate(env.initial_state_distrib) if p > 0]
        values[name] = {
            "states": states,
            "actions": actions,
            "max_steps": limit,
            "gamma": gamma,
            "starts": starts,
            "v_star": [float(v) for v in optimal(env.P, states, actions, gamma)],
        }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    (HERE / "values.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def balance(state, _):
    x, x_dot, theta, theta_dot = state
    return int(0.1 * x + 0.2 * x_dot + 2.0 * theta + theta_dot > 0)


def pump_acrobot(state, _):
    return 2 if state[3] > 0 else 0


def pump_car(state, _):
    return 2 if state[1] >= 0 else 0


def always(action):
    return lambda state, rng: action


def by_chance(actions):
    return lambda state, rng: int(rng.integers(actions))


TRACES = {
    "cart_pole": (
        "CartPole-v1",
        [
            ([0.03, -0.02, 0.01, 0.04], balance, 300),
            ([0.0, 0.0, 0.0, 0.0], by_chance(2), 200),
            ([-0.05, 0.05, -0.05, 0.05], always(1), 200),
            ([2.3, 1.5, -0.1, -0.5], balance, 200),
        ],
    ),
    "acrobot": (
        "Acrobot-v1",
        [
            ([0.05, -0.02, 0.08, -0.1], pump_acrobot, 300),
            ([0.0, 0.0, 0.0, 0.0], by_chance(3), 300),
            # Both bounds on speed and the wrapping of the angle come into play.
            ([0.29, -1.32, 10.02, 27.28], always(0), 30),
            ([-2.24, -2.58, -9.59, -7.19], always(0), 30),
        ],
    ),
    "mountain_car": (
        "MountainCar-v0",
        [
            ([-0.5, 0.0], pump_car, 200),
            ([-0.45, 0.01], by_chance(3), 200),
            ([-1.0, -0.06], always(0), 60),
            ([0.4, 0.07], always(2), 10),
        ],
    ),
}


def traces():
    for name, (env_id, scripts) in TRACES.items():
        env = gym.make(env_id).unwrapped
        rows = []
        for trace, (start, script, limit) in enumerate(scripts):
            rng = np.random.default_rng(trace)
            env.reset(seed=0)
            env.state = np.array(start, dtype=np.float64)
            rows.append([trace, "", "", "", *start, *([""] * env.observation_space.shape[0])])
            for _ in range(limit):
                action = script([float(x) for x in env.state], rng)
                observation, reward, terminated, _, _ = env.step(action)
                state = [repr(float(x)) for x in env.state]
                rows.append([trace, action, reward, int(terminated), *state, *(str(x) for x in observation)])
                if terminated:
                    break
            print(name, trace, len(rows), terminated)
        state = [f"s{i}" for i in range(len(start))]
        observation = [f"o{i}" for i in range(env.observation_space.shape[0])]
        rows.insert(0, ["trace", "action", "reward", "terminated", *state, *observation])
        (HERE / f"{name}.csv").write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")


if __name__ == "__main__":
    tables()
    traces()
