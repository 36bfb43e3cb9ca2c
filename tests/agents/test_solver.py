"""The Connect Four solver against published scores, plain minimax and itself."""

import numpy as np
import pytest

import envs
from agents.solver import Solver
from agents.solver.book import load, save, shipped
from agents.solver.kernels import canonical
from agents.solver.make_book import check, extend, layers
from envs.core import InputError
from tests.agents.ask import after, random_lines

GAME = envs.make("connect_four")
# the first positions of Pascal Pons' test set End-Easy (blog.gamesolver.org)
PUBLISHED = """
2252576253462244111563365343671351441 -1
7422341735647741166133573473242566 1
23163416124767223154467471272416755633 0
71255763773133525731261364622167124446454 0
65214673556155731566316327373221417 -1
52677675164321472411331752454 0
3135151421347443544172316522225776773566 0
562154564361751726662253737734213275114 0
233377345754465174223731671122611552 1
6763525635134453444361412671365712 -1
211376455663355325112113664364524722 0
3146762114467714356347741621375222 -1
67152117737262713366376314254 6
2762751722231276466633475674533 5
3642756176227637211322113551637574556 2
22647455554314246733661634615122372377511 0
427566236745127177115664464254 2
7172212567451542223676134464437761515 0
641154574541323641152467137655232232366 0
5775265212657176476365522624313714333 2
3575316255751336464276636772271112 -3
"""


@pytest.fixture(scope="module")
def bare() -> Solver:
    return Solver(table_mb=16, book={})


def columns(digits: str) -> list[int]:
    return [int(digit) - 1 for digit in digits]


@pytest.mark.parametrize(("moves", "score"), [line.split() for line in PUBLISHED.strip().splitlines()])
def test_published_scores(bare, moves, score):
    assert bare.solve(after(GAME, [columns(moves)])[0]) == int(score)


def test_the_opening():
    """First player wins with his last stone, and what each first move is worth, as published by Pons and others."""
    start = GAME.init(1)[0]
    assert Solver(1).solve(start) == 1
    assert list(Solver(1).scores(start).values()) == [-2, -1, 0, 1, 0, -1, -2]
    assert Solver(1).best(start) == (1, [3])


def minimax(mine: int, stones: int, memo: dict[tuple[int, int], int]) -> int:
    """The score by its definition: everything is tried, wins are looked for by walking along lines."""
    if (mine, stones) in memo:
        return memo[mine, stones]
    played = stones.bit_count()
    best = -100 if played < 42 else 0
    for column in range(7):
        row = ((stones >> 7 * column) & 63).bit_count()
        if row < 6:
            cell = 1 << (7 * column + row)
            if wins(mine | cell, column, row):
                value = 22 - (played // 2 + 1)
            else:
                value = -minimax(stones ^ mine, stones | cell, memo)
            best = max(best, value)
    memo[mine, stones] = best
    return best


def wins(mine: int, column: int, row: int) -> bool:
    def run(dc: int, dr: int) -> int:
        n, c, r = 0, column + dc, row + dr
        while 0 <= c < 7 and 0 <= r < 6 and mine >> (7 * c + r) & 1:
            n, c, r = n + 1, c + dc, r + dr
        return n

    return any(run(dc, dr) + run(-dc, -dr) >= 3 for dc, dr in ((0, 1), (1, 0), (1, 1), (1, -1)))


def test_thousands_of_late_positions_by_minimax(bare):
    memo: dict[tuple[int, int], int] = {}
    for line in random_lines(GAME, 150, 33) + random_lines(GAME, 20, 31):
        mine, stones = after(GAME, [line])[0].tolist()
        minimax(mine, stones, memo)
    known = {position: score for position, score in memo.items() if position[1].bit_count() < 42}
    assert len(known) > 5000
    for position, score in known.items():
        assert bare.solve(np.array(position, np.uint64)) == score


def test_scores_best_and_mirror_agree(bare):
    for line in random_lines(GAME, 150, 20, seed=1) + random_lines(GAME, 150, 27, seed=2):
        state = after(GAME, [line])[0]
        scores = bare.scores(state)
        assert set(scores) == set(np.flatnonzero(GAME.legal(state[None])[0]).tolist())
        best = max(scores.values())
        assert bare.solve(state) == best
        assert bare.best(state) == (best, [action for action, score in scores.items() if score == best])
        mirrored = GAME.symmetry(state[None], np.array([1], np.int8))[0]
        assert Solver(1, {}).scores(mirrored) == {6 - action: score for action, score in reversed(scores.items())}
        assert canonical(*state) == canonical(*mirrored)


def test_memory_and_order_do_not_matter():
    states = after(GAME, random_lines(GAME, 60, 18, seed=3))
    large, small = Solver(32, {}), Solver(1, {})
    assert [large.solve(s) for s in states] == [small.solve(s) for s in states[::-1]][::-1]


def test_finished_games():
    line = columns("71255763773133525731261364622167124446454")  # one cell is left
    (last,) = np.flatnonzero(GAME.legal(after(GAME, [line]))[0]).tolist()
    won, drawn = after(GAME, [columns("1212121"), [*line, last]])
    assert Solver(1, {}).solve(won) == -18  # to the fourth of 21 stones
    assert Solver(1, {}).solve(drawn) == 0


def test_a_table_of_nothing_is_refused():
    with pytest.raises(InputError, match="at least 1 MiB"):
        Solver(table_mb=0)


def test_the_book_is_complete_and_consistent():
    """Every early position is in it, and each score follows from those of the successors."""
    book, every = shipped(), layers(7)
    assert [len(layer) for layer in every] == [1, 4, 25, 121, 568, 2144, 8231, 27109]
    assert len(book) == sum(map(len, every))
    for ply, layer in enumerate(every):
        for state in layer:
            score = book[int(canonical(*state))]
            actions = np.flatnonzero(GAME.legal(state[None])[0]).astype(np.int32)
            children = GAME.step(np.repeat(state[None], len(actions), axis=0), actions)
            if not np.isnan(GAME.outcome(children)).all():  # the mover wins at once
                assert score == (43 - ply) // 2
            elif ply < 7:
                assert score == -min(book[int(canonical(*child))] for child in children)


def test_book_entries_by_search(bare):
    forced = [columns(moves) for moves in ("4141371", "4716262", "1127351", "7322465")]
    for state in after(GAME, forced):
        assert shipped()[int(canonical(*state))] == bare.solve(state)


@pytest.mark.slow
def test_many_book_entries_by_search():
    assert check(shipped(), 7, 60, Solver(256, {})) == []


def test_a_book_is_made_saved_read_and_resumed(tmp_path, monkeypatch):
    """The command's own work on a small scale: a solver that knows the deepest layer, the layers above derived."""
    truth = shipped()

    class Knowing(Solver):
        asked = 0

        def solve(self, state):
            Knowing.asked += 1
            return truth[int(canonical(*state))]

    path = tmp_path / "book.safetensors"
    known = {key: truth[key] for key in list(truth)[:5]}
    extend(known, 4, Knowing(1, known), path)
    book = load(path)
    assert all(truth[key] == score for key, score in book.items())
    assert {int(canonical(*state)) for layer in layers(4) for state in layer} <= set(book)
    Knowing.asked = 0
    extend(book, 4, Solver(1, book), path)  # nothing left to solve, or this would take minutes
    assert load(path) == book


@pytest.mark.parametrize("content", [b"", b"not a book", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_that_is_no_book_names_itself(tmp_path, content):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.safetensors"):
        load(path)
    with pytest.raises(InputError, match="missing"):
        load(tmp_path / "missing")


def test_saving_replaces_in_one_step(tmp_path):
    path = tmp_path / "book.safetensors"
    save({2**48: -3, 5: 4}, path)
    save({7: 0}, path)
    assert load(path) == {7: 0}
    assert [file.name for file in tmp_path.iterdir()] == ["book.safetensors"]
