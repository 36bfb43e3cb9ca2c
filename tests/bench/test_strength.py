"""The measure of strength: positions, counting, intervals, and the command."""

import json
import sys

import numpy as np
import pytest
from scipy.stats import binomtest

import envs
from agents import registry
from agents.core import Decision
from agents.solver import Solver
from agents.solver.kernels import canonical
from bench import strength
from bench.make_positions import STAGES, difficulty, draw_stage, plies_left
from bench.position_files import Position, PositionError, play, read, write
from bench.strength import FOLDER, ORDER, Rate, critical, errors, load_sets, measure, moves
from envs.core import InputError

GAME = envs.make("connect_four")


@pytest.fixture(scope="module")
def shipped_sets() -> dict[str, list[Position]]:
    return load_sets()


@pytest.mark.parametrize(("wrong", "n"), [(0, 1000), (1, 7), (10, 100), (500, 1000), (5, 5)])
def test_wilson_intervals_are_scipys(wrong, n):
    expected = binomtest(wrong, n).proportion_ci(0.95, method="wilson")
    assert Rate(wrong, n).interval == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_nothing_measured_says_nothing():
    assert Rate(0, 0).interval == (0.0, 1.0)


def test_the_sets_are_what_their_names_say(shipped_sets):
    seen = set()
    for name, positions in shipped_sets.items():
        stage, grade = name.split("-")
        assert len(positions) == 1000
        for position in positions:
            ply = len(position.actions)
            assert ply in STAGES[stage]
            assert difficulty(plies_left(ply, position.score)) == grade
            seen.add(int(canonical(*position.state)))
    assert len(seen) == 6000  # none twice, mirrored neither
    assert tuple(shipped_sets) == ORDER


def test_their_scores_are_the_solvers(shipped_sets):
    solver = Solver(16, {})
    counts = {
        "end-easy": 200,
        "middle-easy": 100,
        "middle-medium": 60,
        "begin-easy": 5,
        "begin-medium": 5,
        "begin-hard": 5,
    }
    for name, count in counts.items():
        latest = sorted(shipped_sets[name], key=lambda position: -len(position.actions))  # which are solved soonest
        for position in latest[:count] if name.startswith("begin") else shipped_sets[name][:count]:
            scores = solver.scores(position.state)
            assert position.scores == tuple(scores.get(action) for action in range(7))


@pytest.mark.slow
def test_the_generator_makes_the_files_again(shipped_sets):
    solver = Solver(256)
    for stage in STAGES:
        for name, positions in draw_stage(stage, 8, 1, solver).items():
            assert [p.line() for p in positions] == [p.line() for p in shipped_sets[name][:8]]


def test_the_generator_follows_its_seed(shipped_sets):
    (made,) = draw_stage("end", 30, 1, Solver(1)).values()
    assert [p.line() for p in made] == [p.line() for p in shipped_sets["end-easy"][:30]]
    (other,) = draw_stage("end", 30, 2, Solver(1)).values()
    assert {p.actions for p in other}.isdisjoint(p.actions for p in made)


@pytest.mark.parametrize(
    ("ply", "score", "left"),
    [(0, 1, 41), (1, -1, 40), (41, 1, 1), (40, -1, 2), (6, 18, 1), (7, -17, 2), (10, 0, 32)],
)
def test_plies_left(ply, score, left):
    assert plies_left(ply, score) == left


def test_a_position_survives_its_line(tmp_path, shipped_sets):
    some = [positions[i] for positions in shipped_sets.values() for i in range(5)]
    write(tmp_path / "some.txt", some)
    again = read(tmp_path / "some.txt")
    assert [(p.actions, p.score, p.scores) for p in again] == [(p.actions, p.score, p.scores) for p in some]
    assert all((a.state == b.state).all() for a, b in zip(again, some, strict=True))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("4455", "expected moves, score"),
        ("", "expected moves, score"),
        ("4455 1 1 1", "expected moves, score"),
        ("44a5 1", "'a' is no column"),
        ("4485 1", "'8' is no column"),
        ("4444444 1", "move 7 is illegal"),
        ("1212121 1", "the game is over"),
        ("12121213 1", "move 8 is illegal"),
        ("4455 win", "win"),
        ("4455 22", "22 is no score"),
        ("4455 1 1,0,0", "seven scores"),
        ("444444 1 1,0,0,0,0,0,0", "seven scores"),
        ("4455 1 2,0,0,0,0,0,0", "best move's score"),
    ],
)
def test_a_bad_line_is_quoted_with_its_number(tmp_path, line, reason):
    path = tmp_path / "mine.txt"
    path.write_text(f"4455 1\n{line}\n")
    with pytest.raises(PositionError) as raised:
        read(path)
    assert "mine.txt, line 2" in str(raised.value)
    assert reason in str(raised.value)
    assert repr(line) in str(raised.value)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    for name in ("empty.txt", "bytes.txt", "missing.txt"):
        with pytest.raises(InputError, match=name):
            read(tmp_path / name)


def test_foreign_files_are_solved_and_checked(tmp_path, shipped_sets):
    path = tmp_path / "foreign.txt"
    some = shipped_sets["end-easy"][:20]
    path.write_text("".join(f"{p.line().rsplit(' ', 1)[0]}\n" for p in some))
    (solved,) = load_sets([path]).values()
    assert [p.scores for p in solved] == [p.scores for p in some]
    moves_, score, _ = some[0].line().split()
    path.write_text(f"{moves_} {int(score) + 1}\n")
    with pytest.raises(PositionError, match=rf"foreign\.txt, position 1: the score is {score}, not {int(score) + 1}"):
        load_sets([path])


def test_what_counts_as_an_error():
    actions, state = play("4455")
    position = Position(actions, state, 3, (3, 1, 0, -2, 2, 1, 1))

    def err(action: int, at: Position = position) -> bool:
        return bool(errors(Fixed(action), [at])[0])

    assert [err(action) for action in range(7)] == [False, False, True, True, False, False, False]
    assert critical([position]).tolist() == [True]
    lost = Position(actions, state, -2, (-2, -9, -9, -9, -9, -9, -9))
    assert not any(err(action, lost) for action in range(7))
    assert critical([lost]).tolist() == [False]


class Fixed:
    """Always the same action."""

    def __init__(self, action: int) -> None:
        self.action = action

    def start(self, spec, games) -> None:
        pass

    def act(self, batch):
        return [Decision(self.action)] * len(batch)


def test_a_perfect_player_makes_no_error(shipped_sets):
    sets = {name: shipped_sets[name][:300] for name in ("end-easy", "middle-easy", "middle-medium")}
    results = measure(registry.load("perfect"), sets)
    assert [result.all for result in results] == [Rate(0, 300)] * 3 + [Rate(0, 900)]


def test_random_errs_as_often_as_it_must(shipped_sets):
    """Its expected number of errors is known exactly: the share of losing moves in each position."""
    positions = [p for some in shipped_sets.values() for p in some]
    shares = []
    for p in positions:
        signs = np.sign([score for score in p.scores if score is not None])
        shares.append(np.mean(signs != np.sign(p.score)))
    shares = np.array(shares)
    wrong = errors(registry.load("random"), positions)
    spread = np.sqrt((shares * (1 - shares)).sum())
    assert abs(wrong.sum() - shares.sum()) < 4 * spread
    assert (shares > 0).tolist() == critical(positions).tolist()
    assert not wrong[shares == 0].any()


def test_batches_and_seeds(shipped_sets, monkeypatch):
    positions = shipped_sets["middle-medium"][:40]
    agent = registry.load("random")
    at_once = moves(agent, positions)
    monkeypatch.setattr(strength, "BATCH", 7)
    assert moves(agent, positions) == at_once
    assert moves(agent, positions, seed=1) != at_once


def test_the_command(tmp_path, shipped_sets, monkeypatch, capsys):
    path = tmp_path / "few.txt"
    write(path, shipped_sets["end-easy"][:50])
    monkeypatch.setattr(sys, "argv", ["strength", "random", "--positions", str(path), "--json"])
    strength.main()
    report = json.loads(capsys.readouterr().out)
    few, overall = report["sets"]
    assert (few["set"], overall["set"]) == ("few", "overall")
    assert few["all"] == overall["all"]
    assert few["all"]["positions"] == 50
    assert few["all"]["low"] <= few["all"]["errors"] / 50 == few["all"]["rate"] <= few["all"]["high"]
    assert few["critical"]["positions"] == int(critical(shipped_sets["end-easy"][:50]).sum())
    monkeypatch.setattr(sys, "argv", ["strength", "random", "--positions", str(path)])
    strength.main()
    assert f"{100 * few['all']['rate']:.1f}" in capsys.readouterr().out
    path.write_text("what is this?\n")
    with pytest.raises(SystemExit, match="line 1"):
        strength.main()
    assert FOLDER.is_dir()
