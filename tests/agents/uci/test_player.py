import chess
import chess.engine
import numpy as np
import pytest

import envs
from agents import registry
from agents.core import AgentError, Batch, GameKey, IllegalAnswer, NoAnswer
from agents.uci.programs import find_engine
from envs.core import InputError
from tests.agents.ask import after, ask, random_lines
from tests.agents.uci import fakes

CHESS, MINICHESS = envs.make("chess"), envs.make("minichess")
stockfish = pytest.mark.skipif(find_engine("stockfish") is None, reason="stockfish is not installed")
fairy = pytest.mark.skipif(find_engine("fairy-stockfish") is None, reason="fairy-stockfish is not installed")
ENGINES = [
    pytest.param("uci:stockfish?nodes=300", "chess", marks=stockfish),
    pytest.param("uci:stockfish?depth=4&multipv=3&processes=2", "chess", marks=stockfish),
    pytest.param("uci:fairy-stockfish?depth=4", "chess", marks=fairy),
    pytest.param("uci:fairy-stockfish?nodes=300&processes=2", "minichess", marks=fairy),
]


@pytest.mark.parametrize(("spec", "game_id"), ENGINES)
def test_a_decision_follows_from_the_game_alone(spec, game_id):
    game = envs.make(game_id)
    lines, seeds = random_lines(game, 10, 9), [0] * 10
    agent = registry.load(spec)
    together = [bare(decision) for decision in ask(agent, game, lines, seeds)]
    assert [bare(ask(agent, game, [line], [0])[0]) for line in lines] == together
    assert [bare(decision) for decision in ask(agent, game, lines[::-1], seeds)] == together[::-1]
    legal = game.legal(after(game, lines))
    for row, decision in enumerate(ask(agent, game, lines, seeds)):
        assert legal[row, decision.action]
        assert decision.pv[0] == decision.action
        assert decision.value is not None
        assert -1 <= decision.value <= 1
        assert decision.ms is not None
        assert decision.ms > 0
        if "multipv" in spec:
            assert decision.policy is not None
            assert len(decision.policy) == min(3, legal[row].sum())
            assert max(decision.policy, key=lambda action: (decision.policy or {})[action]) == decision.action
    agent.close()
    agent.close()


def bare(decision):
    return decision.action, decision.value, decision.pv, decision.policy


@stockfish
def test_the_same_move_as_python_chess_gets_from_the_same_engine():
    path = find_engine("stockfish")
    agent = registry.load("uci:stockfish?nodes=2000")
    lines = random_lines(CHESS, 8, 20, seed=4)
    decisions = ask(agent, CHESS, lines, [0] * 8)
    states = after(CHESS, lines)
    with chess.engine.SimpleEngine.popen_uci(str(path)) as engine:
        for i, (line, decision) in enumerate(zip(lines, decisions, strict=True)):
            board, state = chess.Board(), CHESS.init(1)
            for action in line:
                board.push_uci(CHESS.action_name(state[0], action))
                state = CHESS.step(state, np.array([action], np.int32))
            played = engine.play(board, chess.engine.Limit(nodes=2000), game=object()).move
            assert played is not None
            assert CHESS.action_name(states[i], decision.action) == played.uci()
    agent.close()


@pytest.mark.parametrize(
    ("spec", "game", "fen_moves", "mate"),
    [
        pytest.param("uci:stockfish?depth=3", CHESS, "f2f3 e7e5 g2g4", "d8h4", marks=stockfish),
        pytest.param("uci:fairy-stockfish?depth=5", CHESS, "e2e4 e7e5 d1h5 b8c6 f1c4 g8f6", "h5f7", marks=fairy),
    ],
)
def test_mates_are_found_and_sure(spec, game, fen_moves, mate):
    state, line = game.init(1), []
    for text in fen_moves.split():
        line.append(game.parse_action(state[0], text))
        state = game.step(state, np.array(line[-1:], np.int32))
    agent = registry.load(spec)
    (decision,) = ask(agent, game, [line], [0])
    assert (game.action_name(state[0], decision.action), decision.value) == (mate, 1.0)
    agent.close()


@fairy
def test_minichess_is_the_engines_gardner_with_its_promotions_and_its_moves():
    """Whole games of the engine against itself: it refuses none of our moves and answers with none that we refuse."""
    agent = registry.load("uci:fairy-stockfish?depth=2&multipv=2")
    promotions = 0
    for opening in random_lines(MINICHESS, 6, 6, seed=1):
        state, line = after(MINICHESS, [opening]), list(opening)
        agent.start(MINICHESS.spec, [GameKey("game", 0, 0)])
        while np.isnan(MINICHESS.outcome(state)[0]):
            decision = agent.act(Batch(np.zeros(1, np.int64), state, MINICHESS.legal(state), [line]))[0]
            promotions += len(MINICHESS.action_name(state[0], decision.action)) == 5
            line.append(decision.action)
            state = MINICHESS.step(state, np.array([decision.action], np.int32))
    assert promotions
    agent.close()


@fairy
def test_one_process_goes_from_one_game_to_the_other():
    agent = registry.load("uci:fairy-stockfish?depth=2")
    for game in (MINICHESS, CHESS, MINICHESS):
        (decision,) = ask(agent, game, [[]], [0])
        assert game.legal(game.init(1))[0, decision.action]
    agent.close()


@stockfish
def test_games_that_an_engine_does_not_play_are_refused():
    agent = registry.load("uci:stockfish?depth=1")
    with pytest.raises(AgentError, match=r"Stockfish .* does not play Minichess \(UCI_Variant gardner\)"):
        agent.start(MINICHESS.spec, [])
    with pytest.raises(AgentError, match=r"uci:stockfish\?depth=1 does not play Othello"):
        agent.start(envs.make("othello").spec, [])
    agent.close()
    kind = registry.parse("uci:stockfish")[0]
    assert [game for game in envs.ids() if kind.plays(envs.make(game).spec)] == ["chess", "minichess"]


@stockfish
def test_an_option_that_the_engine_does_not_have_is_wrong_input():
    with pytest.raises(InputError, match=r"unknown option of Stockfish .*: 'Hush'; .* Did you mean 'Hash'"):
        registry.load("uci:stockfish?options=Hush:16")


def test_names_and_fingerprints(tmp_path):
    path = fakes.make(tmp_path)
    specs = ["nodes=5", "nodes=6", "elo=1500", "nodes=5&processes=2", "nodes=5&patience=3"]
    agents = [registry.load(f"uci:{path}?{query}") for query in specs]
    assert [agent.name for agent in agents] == [f"uci:{path.parent.name}/fake?{specs[i]}" for i in (0, 1, 2, 0, 0)]
    assert len({agent.fingerprint for agent in agents}) == 3
    assert agents[0].fingerprint == agents[3].fingerprint == agents[4].fingerprint
    path.write_text(path.read_text() + "# newer\n")
    newer = registry.load(f"uci:{path}?nodes=5")
    assert newer.fingerprint != agents[0].fingerprint
    for agent in (*agents, newer):
        agent.close()
    assert fakes.gone(path)


@pytest.mark.parametrize(
    ("move", "error", "message"),
    [
        ("crash", AgentError, r"engine fake exited \(3\)"),
        ("hang", NoAnswer, "no bestmove 1 s after 'go movetime 1'"),
        ("illegal", IllegalAnswer, "fake answers 'bestmove a1a8' after e2e4 e7e5"),
        ("none-move", IllegalAnswer, r"fake answers 'bestmove \(none\)'"),
        ("garbage", IllegalAnswer, "fake answers 'bestmove e9'"),
    ],
)
def test_faults_have_types_and_the_next_start_brings_a_new_engine(tmp_path, move, error, message):
    path = fakes.make(tmp_path, move=move)
    agent = registry.load(f"uci:{path}?movetime=1&processes=2" + "&patience=0.999" * (move == "hang"))
    line: list[int] = []
    for text in ("e2e4", "e7e5"):
        line.append(CHESS.parse_action(after(CHESS, [line])[0], text))
    with pytest.raises(error, match=message) as caught:
        ask(agent, CHESS, [line, line], [0, 0])
    assert type(caught.value) is error
    assert fakes.gone(path)
    (decision,) = ask(agent, CHESS, [line[:1]], [0])
    assert CHESS.action_name(after(CHESS, [line[:1]])[0], decision.action) == "a7a5"
    agent.close()
    assert fakes.gone(path)


def test_a_level_outside_of_the_engines_range_is_quoted_and_leaves_no_process(tmp_path):
    path = fakes.make(tmp_path, stubborn=True)
    with pytest.raises(InputError, match=r"option 'UCI_Elo' of Fake 1\.0 takes 1200 to 1800, not '1100'"):
        registry.load(f"uci:{path}?elo=1100")
    assert fakes.gone(path)
