"""A person's game against an agent, line by line in a terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from rich.console import Console
from rich.text import Text

from agents.core import Agent, Batch, Decision, GameKey
from arena.records import AgentRef, MatchRecord, Ply, Termination
from arena.runner import Task, agent_seed, make_record, zero_sum
from arena.view.charts import SERIES, bar, glyphs
from arena.view.terminal import board_text
from envs.core import BoardGame, IllegalAction, State

COMMANDS = """  a move    makes it
  hint      what your opponent would play in your place
  undo      takes back your last move and the answer to it
  moves     lists the legal moves
  resign    gives the game up
  quit      leaves; the game is not kept"""


@dataclass
class Sitting:
    """One game. ``line``, ``plies`` and ``states`` are its actions, the agent's thoughts and the positions so far."""

    id: str
    game: BoardGame
    agent: Agent
    person: AgentRef
    opponent: AgentRef
    seat: int  # the person's
    seed: int
    ask: Callable[[str], str]  # prompts for a line; raises EOFError when there are no more
    screen: Console
    line: list[int] = field(default_factory=list)
    plies: list[Ply | None] = field(default_factory=list)
    states: list[State] = field(default_factory=list)  # one more than actions

    def play(self) -> MatchRecord | None:
        """Plays to the end; the record, or None when the person left before it."""
        self.states = [self.game.init(1)[0]]
        started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
        mine, theirs = (self.game.spec.seats[seat] for seat in (self.seat, 1 - self.seat))
        self.screen.print(f'You are {mine}, {self.opponent.name} is {theirs}. "help" lists what you can type.')
        self._start()
        resigned = False
        while math.isnan(self._outcome()) and not resigned:
            if self.game.mover(self.state[None])[0] != self.seat:
                self._answer()
                continue
            self._show()
            try:
                resigned = self._turn()
            except (EOFError, KeyboardInterrupt):
                self.screen.print("\nThe game is not kept.")
                return None
        outcome = self._outcome()
        termination: Termination = "rules"
        if resigned:
            outcome, termination = (-1.0, 1.0)[self.seat], "adjudicated"
        self._show()
        score = outcome if self.seat == 0 else -outcome
        self.screen.print({1.0: "You win!", 0.0: "A draw.", -1.0: f"{self.opponent.name} wins."}[score], style="bold")
        return make_record(
            self.game.spec,
            (self.person, self.opponent),
            Task(self.id, self.seed, (), self.seat),
            self.line,
            zero_sum(outcome),
            termination,
            analysis=self.plies,
            started=started,
            seconds=time.perf_counter() - clock,
        )

    @property
    def state(self) -> State:
        """The position now."""
        return self.states[-1]

    def _outcome(self) -> float:
        return float(self.game.outcome(self.state[None])[0])

    def _start(self) -> None:
        """(Re)starts the agent, which must not remember a line that has been taken back."""
        seat = 1 - self.seat
        self.agent.start(self.game.spec, [GameKey(self.id, seat, agent_seed(self.seed, seat))])

    def _show(self) -> None:
        self.screen.print()
        self.screen.print(board_text(self.game.spec.id, self.state, self.states[-2] if self.line else None))
        self.screen.print()

    def _think(self) -> tuple[Decision, float]:
        """The agent's decision in the present position, and the milliseconds it took."""
        state = self.state[None]
        began = time.perf_counter()
        (decision,) = self.agent.act(Batch(np.zeros(1, np.int64), state, self.game.legal(state), [list(self.line)]))
        return decision, (time.perf_counter() - began) * 1e3

    def _make(self, action: int, ply: Ply | None) -> None:
        self.states.append(self.game.step(self.state[None], np.array([action], np.int32))[0])
        self.line.append(action)
        self.plies.append(ply)

    def _answer(self) -> None:
        decision, ms = self._think()
        said = Text().append(self.opponent.name, SERIES[1 - self.seat]).append(" plays ")
        said.append(self.game.action_name(self.state, decision.action), "bold")
        if decision.value is not None:
            said.append(f"  (expects {decision.value:+.2f})", "dim")
        self._make(decision.action, Ply.of(decision, ms))
        self.screen.print(said)

    def _turn(self) -> bool:
        """One line from the person; whether it was to resign."""
        typed = self.ask(f"Your move, {self.game.spec.seats[self.seat]}: ").strip()
        match typed.lower():
            case "":
                pass
            case "help" | "?" | "h":
                self.screen.print(COMMANDS)
            case "moves":
                legal = np.flatnonzero(self.game.legal(self.state[None])[0]).tolist()
                self.screen.print(" ".join(self.game.action_name(self.state, action) for action in legal))
            case "hint":
                self._hint()
            case "undo":
                self._undo()
            case "resign":
                return True
            case "quit" | "exit" | "q":
                raise EOFError
            case _:
                try:
                    self._make(self.game.parse_action(self.state, typed), None)
                except IllegalAction as error:
                    self.screen.print(f"{error}", style="red")
        return False

    def _hint(self) -> None:
        decision, _ = self._think()
        text = Text(f"{self.opponent.name} would play {self.game.action_name(self.state, decision.action)}")
        if decision.value is not None:
            text.append(f" and expects {decision.value:+.2f} for you", "dim")
        weights = decision.visits or decision.policy or {}
        total = sum(weights.values()) or 1
        for action, weight in sorted(weights.items(), key=lambda item: -item[1])[:7]:
            shown = bar(weight / total, 24, glyphs(self.screen))
            text.append(f"\n{self.game.action_name(self.state, action):>4} {shown} {weight / total:4.0%}", "dim")
        self.screen.print(text)
        self._start()

    def _undo(self) -> None:
        """Back to the person's turn before this one."""
        mine = [ply for ply, state in enumerate(self.states[:-1]) if self.game.mover(state[None])[0] == self.seat]
        if not mine:
            self.screen.print("You have not moved yet.")
            return
        ply = mine[-1]
        del self.line[ply:], self.plies[ply:], self.states[ply + 1 :]
        self._start()
