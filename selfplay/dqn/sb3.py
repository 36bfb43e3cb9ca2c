"""The baseline: Stable-Baselines3's own DQN with the hyper-parameters that the RL Zoo recommends for Atari games
(rl-baselines3-zoo, hyperparams/dqn.yml, "atari"). Nothing of it is tuned or sped up here.

Its weights are kept as ordinary checkpoints (the network is the same), the newest also as its own ``model.zip``. It
cannot be resumed: Stable-Baselines3 keeps neither the replay memory nor the state of its random numbers in that zip.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.devices import find
from agents.sb3 import q_network
from envs.atari import CLASSIC, SCORE_GAMES
from envs.core import GameSpec, InputError, unknown
from selfplay.dqn.config import ScoreConfig
from selfplay.dqn.keeping import keep
from selfplay.dqn.progress import ScoreProgress
from selfplay.dqn.resume import Counters
from selfplay.holding import Every
from selfplay.progress import Meter

MODEL = "model.zip"
ZOO: dict[str, Any] = {
    "policy": "CnnPolicy",
    "buffer_size": 100_000,
    "learning_rate": 1e-4,
    "batch_size": 32,
    "learning_starts": 100_000,
    "target_update_interval": 1_000,
    "train_freq": 4,
    "gradient_steps": 1,
    "exploration_fraction": 0.1,  # of ZOO_STEPS
    "exploration_final_eps": 0.01,
}
ZOO_STEPS = 10_000_000  # the length of a training, by which exploration is annealed
LONGER = 100  # times as long at most: here the clock ends a training
STACK = 4
METER_STEPS = 100


def run_sb3(
    run: Path,
    settings: ScoreConfig,
    budget: float,
    stop: threading.Event,
    reached: Callable[[Path, float], bool],
    on_progress: Callable[[ScoreProgress], None],
    progress_seconds: float,
    upcoming: Callable[[], float] = lambda: float("inf"),
    **changes: Any,
) -> tuple[Counters, int]:
    """Trains for ``budget`` seconds, or until ``stop``. ``reached`` is told of every checkpoint and the training clock
    in seconds; if it returns True its own time is not counted. ``upcoming`` says at what time, if not at an even one,
    the next checkpoint is wanted. ``changes`` are made to the Zoo's hyper-parameters, for
    tests. Returns the counters and the number of updates. Raises `InputError` for a game that it cannot play."""
    import ale_py
    import gymnasium
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    spec, name = _game(settings.game)
    gymnasium.register_envs(ale_py)
    plain: dict[str, Any] = {
        "frameskip": 1,
        "repeat_action_probability": 0.0,
        "full_action_space": False,
    }  # as "NoFrameskip-v4"
    with closing(gymnasium.make(name, **plain)) as game:
        first = game.unwrapped.get_action_meanings()[0]  # type: ignore[attr-defined]
    if first != "NOOP":
        raise InputError(
            f"Stable-Baselines3's wrapper begins by doing nothing; {settings.game}'s first action is {first}"
        )
    games = make_atari_env(name, n_envs=1, seed=settings.seed % (1 << 31), env_kwargs=plain)
    vector = VecFrameStack(games, STACK)
    counters, meter = Counters(), Meter()
    device, seed = find(settings.device), settings.seed % (1 << 31)
    parameters = {**ZOO, **changes}
    parameters["exploration_fraction"] /= LONGER
    model = DQN(env=vector, seed=seed, gamma=settings.gamma, device=device, **parameters)

    def checkpoint() -> Path:
        net = q_network(model.policy.state_dict(), str(run))
        folder = keep(run, spec, settings, net.state_dict(), model._n_updates, counters)
        model.save(run / MODEL)
        return folder

    class Watch(BaseCallback):
        """Stable-Baselines3 calls it after every step; False ends the training."""

        def __init__(self) -> None:
            super().__init__()
            self.tell = Every(progress_seconds, 0.0)
            self.began = time.monotonic()
            self.noted = 0.0

        def _on_step(self) -> bool:
            now = counters.seconds = time.monotonic() - self.began
            counters.steps = self.num_timesteps
            for info in self.locals["infos"]:
                if "episode" in info:  # a full game: the monitor is below the wrapper that ends it with each life
                    counters.note(float(info["episode"]["r"]))
            if self.n_calls % METER_STEPS == 0:
                meter.add(now, steps=METER_STEPS, all=now - self.noted)
                self.noted = now
            if now >= min(counters.checkpoint_due, upcoming()) and reached(checkpoint(), now):
                self.began = time.monotonic() - now
            if self.tell.due(now):
                on_progress(_progress(settings, budget, counters, model, meter))
            return not stop.is_set() and now < budget

    checkpoint()
    try:
        model.learn(LONGER * ZOO_STEPS, callback=Watch())
    finally:
        vector.close()
    reached(checkpoint(), counters.seconds)
    return counters, model._n_updates


def _game(game: str) -> tuple[GameSpec, str]:
    """The game, and what Gymnasium calls it."""
    if game not in SCORE_GAMES:
        raise unknown("game", game, SCORE_GAMES)
    found = SCORE_GAMES[game]()
    if found.protocol != CLASSIC:
        raise InputError(f"Stable-Baselines3's wrapper plays the classic protocol, not {found.protocol.name!r}")
    return found.spec, f"ALE/{found.rom.title().replace('_', '')}-v5"


def _progress(settings: ScoreConfig, budget: float, counters: Counters, model: Any, meter: Meter) -> ScoreProgress:
    nan, speed = float("nan"), meter.ratio("steps", "all")
    updates = int(model._n_updates)
    return ScoreProgress(
        game=settings.game,
        algo=settings.algo,
        seconds=counters.seconds,
        budget=budget,
        steps=counters.steps,
        updates=updates,
        games=counters.games,
        frames=model.replay_buffer.size(),
        steps_per_second=speed,
        samples_per_second=speed * model.batch_size / model.train_freq.frequency if updates else 0.0,
        emulator_share=nan,
        act_share=nan,
        learn_share=nan,
        epsilon=float(model.exploration_rate),
        learning_rate=float(ZOO["learning_rate"]),
        loss=nan,
        value=nan,
        score=counters.score,
        best_score=counters.best,
        milestones_left=0,
    )
