"""Specs of agents, and what every scripted agent promises."""

import re

import pytest

import envs
from agents import registry
from envs.core import InputError
from tests.agents.ask import after, ask, random_lines

SCRIPTED = ("random", "alphabeta?depth=2", "mcts?simulations=24", "mcts?simulations=24&solve=true", "perfect")


GAMES = ("tic_tac_toe", "connect_four", "othello")
PAIRINGS = [(s, g) for s in SCRIPTED for g in GAMES if registry.parse(s)[0].plays(envs.make(g).spec)]


def test_every_agent_plays_every_game_but_for_the_perfect_one():
    assert len(PAIRINGS) == (len(SCRIPTED) - 1) * len(GAMES) + 1


@pytest.mark.parametrize(("spec", "game_id"), PAIRINGS)
def test_a_decision_follows_from_game_position_seed_and_ply_alone(spec, game_id):
    game = envs.make(game_id)
    plies = 4 if game_id == "tic_tac_toe" else 24
    lines, seeds = random_lines(game, 12, plies), [7 * i for i in range(12)]
    agent = registry.load(spec)
    together = ask(agent, game, lines, seeds)
    assert ask(registry.load(spec), game, lines, seeds) == together
    assert ask(agent, game, lines[::-1], seeds[::-1]) == together[::-1]
    assert [ask(agent, game, [line], [seed])[0] for line, seed in zip(lines, seeds, strict=True)] == together
    legal = game.legal(after(game, lines))
    assert all(legal[i, decision.action] for i, decision in enumerate(together))
    assert all(decision.value is None or -1 <= decision.value <= 1 for decision in together)
    agent.close()
    agent.close()


@pytest.mark.parametrize("kind", sorted(registry.kinds()))
def test_every_kind_has_an_example_that_parses(kind):
    row = registry.kinds()[kind]
    assert row.id == kind
    assert row.summary
    assert registry.parse(row.example)[0] is row


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mtcs", "mcts"),
        ("mcts?simulation=5", "simulations"),
        ("mcts?simulations=many", "many"),
        ("mcts?simulations=0", "simulations must be"),
        ("mcts?c=nan", "c must be"),
        ("mcts?solve=perhaps", "perhaps"),
        ("alphabeta?depth=0", "depth must be"),
        ("alphabeta?depth=2.5", "2.5"),
        ("perfect?table_mb=0", "table_mb must be"),
        ("random?seed=1", "seed"),
        ("mcts:400", r"'mcts' is all of its name, and 'mcts:400' says more; see 'mcts\?simulations=200"),
    ],
)
def test_a_bad_spec_is_quoted(spec, message):
    with pytest.raises(InputError, match=message):
        registry.load(spec)


def test_names_and_fingerprints_tell_players_apart():
    agents = [
        registry.load(spec) for spec in ("mcts", "mcts?simulations=50", "alphabeta", "alphabeta?depth=2", "random")
    ]
    assert [agent.name for agent in agents] == [
        "mcts",
        "mcts?simulations=50",
        "alphabeta",
        "alphabeta?depth=2",
        "random",
    ]
    assert len({agent.fingerprint for agent in agents}) == len(agents)
    assert registry.load("mcts?simulations=200").name == "mcts"
    assert registry.load("perfect?table_mb=1").fingerprint == registry.load("perfect").fingerprint


def test_specs_from_a_file_run_no_programs_of_others():
    registry.refuse_foreign(["random", "uci:stockfish?nodes=1", "nonsense", "uci:stockfish?nodes=x"], "here")
    for spec in ("uci:/tmp/evil", "uci:evil", "uci:../stockfish?nodes=1"):
        with pytest.raises(InputError, match=f"the file asks for {re.escape(spec)}, which runs the program"):
            registry.refuse_foreign(["random", spec], "the file")
    spec = "uci:stockfish?nodes=1&options=Debug Log File:/srv/x/.profile"  # a file that it writes
    with pytest.raises(InputError, match=r"which runs stockfish with the options 'Debug Log File:/srv/x/\.profile'"):
        registry.refuse_foreign([spec], "the file")


def test_trust_is_an_option_of_those_that_need_it():
    assert registry.trusted("random") == "random"
    assert registry.trusted("sb3:x.zip?epsilon=0") == "sb3:x.zip?epsilon=0&trust=true"
    assert registry.trusted("sb3:x.zip?trust=false") == "sb3:x.zip?trust=false"


def test_a_checkpoint_knows_its_game():
    assert registry.game_of("shipped:minichess?simulations=9") == "minichess"
    assert [registry.game_of(spec) for spec in ("random", "uci:stockfish", "nobody", "shipped:nothing")] == [None] * 4
