import io

import numpy as np
import pytest
import torch
from rich.console import Console

from agents import checkpoints
from arena.ratings import fit
from arena.records import AgentRef
from arena.roster import Entrant
from arena.standings import Standing, Standings, wins_draws_losses
from arena.tally import tally
from arena.view.standings import cycles, learning_curve, misfit, of_one_run, rows, table, training_minutes


def make_standings(results, specs, faults=None) -> Standings:
    """results: (first, second, outcome for the first), the two games of a mirrored pair one after the other."""
    first, second, outcome = (np.array(column) for column in zip(*results, strict=True))
    counts = tally(len(specs), first, second, outcome, np.arange(len(first)) // 2)
    ratings = fit(counts)
    interval, bare = ratings.intervals(), wins_draws_losses(counts)
    ranked = [
        Standing(
            Entrant(i, 0, spec, AgentRef(spec, spec, str(i))),
            *(float(x[i]) for x in (interval.value, interval.low, interval.high)),
            int(bare[i].sum()),
            *map(int, bare[i]),
            (faults or {}).get(spec, {}),
        )
        for i, spec in enumerate(specs)
    ]
    return Standings(tuple(sorted(ranked, key=lambda row: -row.elo)), ratings, counts, "connect_four")


def save_checkpoint(folder, minutes):
    checkpoints.save(
        folder,
        kind="alphazero",
        game="tic_tac_toe",
        game_version=1,
        net_config={},
        tensors={"x": torch.zeros(1)},
        meta={} if minutes is None else {"minutes": minutes},
    )
    return str(folder)


def chain(better: int, worse: int, games: int = 20):
    """Games of which the better one wins three quarters."""
    return [(better, worse, 1), (worse, better, -1), (better, worse, -1), (worse, better, -1)] * (games // 4)


def text_of(state, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(table(state))
    return file.getvalue()


def test_rows_compare_each_agent_with_the_one_below():
    state = make_standings(chain(2, 0) + chain(0, 1), ["middle", "weak", "strong"])
    strong, middle, weak = rows(state)
    assert [row["agent"] for row in (strong, middle, weak)] == ["strong", "middle", "weak"]
    assert (strong["score"], middle["score"], weak["score"]) == (0.75, 0.5, 0.25)
    assert strong["low"] < strong["elo"] < strong["high"]
    assert 0.5 < strong["beats_next"] < 1
    assert strong["beats_next"] == pytest.approx(float(state.ratings.win(2, 0).value))
    assert 0.9 < strong["stronger"] < 1
    assert weak["beats_next"] is weak["stronger"] is None


def test_the_table_fits_and_names_faults():
    state = make_standings(
        chain(1, 0), ["[red]a[/red]", "b?very=long&options=of&an=agent"], {"[red]a[/red]": {"time": 3}}
    )
    for width in (40, 80, 200):
        assert max(map(len, text_of(state, width).split("\n"))) <= width
    assert "3 time" in text_of(state)
    assert "[red]a[/red]" in text_of(state)
    assert "faults" not in text_of(make_standings(chain(1, 0), ["a", "b"]))


def test_checkpoints_of_one_run_go_by_their_numbers():
    names = [f"alphazero:night-1128/00000{i}?simulations=64" for i in range(3)]
    text = text_of(make_standings(chain(2, 0) + chain(0, 1) + chain(3, 0), [*names, "mcts?simulations=400"]), 80)
    lines = [line.split() for line in text.splitlines()]
    assert {line[1] for line in lines[2:6]} == {"000000", "000001", "000002", "mcts?simulations=400"}
    assert "000000 to 000002: checkpoints of alphazero:night-1128 simulations=64" in text
    assert of_one_run(names[:1]) == ({}, "")
    assert of_one_run([*names, "alphazero:other/000001"]) == ({}, "")


def test_agents_without_games_have_no_numbers():
    state = make_standings(chain(1, 0), ["a", "b", "new"])
    new = next(row for row in rows(state) if row["agent"] == "new")
    assert (new["games"], new["low"], new["high"], new["score"]) == (0, None, None, None)
    assert "unknown" in text_of(state)
    assert "nan" not in text_of(state)
    assert "inf" not in text_of(state)


def test_a_cycle_is_told_in_words():
    state = make_standings(chain(0, 1, 200) + chain(1, 2, 200) + chain(2, 0, 200), ["rock", "scissors", "paper"])
    (words,) = cycles(state)
    assert words in {
        "rock beats scissors beats paper beats rock",
        "scissors beats paper beats rock beats scissors",
        "paper beats rock beats scissors beats paper",
    }
    assert cycles(make_standings(chain(0, 1) + chain(1, 2), ["a", "b", "c"])) == []


def test_results_that_ratings_cannot_explain_are_called_so():
    ring = make_standings(chain(0, 1, 200) + chain(1, 2, 200) + chain(2, 0, 200), ["rock", "scissors", "paper"])
    assert "do not explain" in str(misfit(ring))
    assert misfit(make_standings(chain(0, 1, 200) + chain(1, 2, 200), ["a", "b", "c"])) is None


def test_the_learning_curve_has_the_checkpoints_by_age(tmp_path):
    old, young, mute = (
        save_checkpoint(tmp_path / "a" / name, minutes) for name, minutes in (("9", 9.5), ("1", 1.0), ("2", None))
    )
    other = save_checkpoint(tmp_path / "b" / "5", 5.0)  # of another run, and below with other options
    specs = [old, young, mute, other, f"{young}?simulations=9", "random"]
    state = make_standings([game for rank in range(1, 6) for game in chain(0, rank)], specs)
    assert [point.x for point in learning_curve(state)] == [1.0, 9.5]
    assert all(point.low < point.y < point.high for point in learning_curve(state))


def test_minutes_come_from_the_checkpoint_alone(tmp_path):
    path = save_checkpoint(tmp_path / "c", 2.5)
    assert training_minutes(path) == training_minutes(f"alphazero:{path}?simulations=4") == 2.5
    assert training_minutes("random") is None
    assert training_minutes("never-heard-of") is None
    assert training_minutes(str(tmp_path / "gone")) is None
