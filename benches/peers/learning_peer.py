"""Times reinforcement learning as people run it in Python and prints one JSON line.

    learning_peer.py --work frozen_lake|cliff_walking|taxi|dqn --steps N --environments E --threads T [--seed K]

The grid worlds: Q-learning on a NumPy table over a gymnasium environment, the loop that every tutorial has (alpha 0.1,
gamma 0.99, epsilon 0.1), with the cheapest calls that we know: the environment without its checker, `random.random` and
`int(row.argmax())`. dqn: Stable-Baselines3's DQN on CartPole with the hyper-parameters of CleanRL's `dqn.py`; learning
starts after 10,000 transitions. Several environments: `DummyVecEnv`, which SB3 prefers for CartPole.
"""

import argparse
import json
import random
import time

import gymnasium
import numpy as np

NAMES = {"frozen_lake": "FrozenLake-v1", "cliff_walking": "CliffWalking-v1", "taxi": "Taxi-v4"}


def q_learning(name, steps, seed):
    env = gymnasium.make(NAMES[name], disable_env_checker=True)
    rng = random.Random(seed)
    start = time.perf_counter()
    actions = int(env.action_space.n)
    q = np.zeros((int(env.observation_space.n), actions))
    returns, total = [], 0.0
    state, _ = env.reset(seed=seed)
    for _ in range(steps):
        action = rng.randrange(actions) if rng.random() < 0.1 else int(q[state].argmax())
        after, reward, terminated, truncated, _ = env.step(action)
        target = reward if terminated else reward + 0.99 * q[after].max()
        q[state, action] += 0.1 * (target - q[state, action])
        total += reward
        state = after
        if terminated or truncated:
            returns.append(total)
            total = 0.0
            state, _ = env.reset()
    return time.perf_counter() - start, returns


def dqn(steps, environments, seed, threads):
    import torch
    from stable_baselines3 import DQN
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(threads)
    env = make_vec_env("CartPole-v1", n_envs=environments, seed=seed)
    start = time.perf_counter()
    model = DQN(
        "MlpPolicy",
        env,
        learning_rate=2.5e-4,
        buffer_size=10_000,
        learning_starts=10_000,
        batch_size=128,
        gamma=0.99,
        # A gradient step for every ten transitions.
        train_freq=max(1, 10 // environments),
        gradient_steps=max(1, environments // 10),
        target_update_interval=500,
        exploration_fraction=0.5,
        exploration_final_eps=0.05,
        policy_kwargs={"net_arch": [120, 84]},
        stats_window_size=100,
        device="cpu",
        seed=seed,
    )
    model.learn(total_timesteps=steps)
    seconds = time.perf_counter() - start
    return seconds, [episode["r"] for episode in model.ep_info_buffer]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", choices=[*NAMES, "dqn"], required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--environments", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.work == "dqn":
        seconds, returns = dqn(args.steps, args.environments, args.seed, args.threads)
        import stable_baselines3

        versions = {"stable_baselines3": stable_baselines3.__version__}
    else:
        seconds, returns = q_learning(args.work, args.steps, args.seed)
        versions = {"numpy": np.__version__}
    last = returns[-100:]
    result = {key: getattr(args, key) for key in ("work", "steps", "environments", "threads")}
    result.update(seconds=seconds, last_return=sum(last) / max(1, len(last)))
    print(json.dumps(result | {"versions": versions | {"gymnasium": gymnasium.__version__}}))


if __name__ == "__main__":
    main()
