import json
from dataclasses import asdict

import numpy as np
import pytest

import envs
from agents import alphazero, checkpoints, registry
from agents.core import AgentError, Batch, GameKey
from agents.networks import NetConfig
from agents.search.cache import CachedEvaluator
from agents.search.evaluators import NetworkEvaluator
from agents.solver import Solver
from envs.core import InputError

from .nets import make, save
from .search.conftest import position, random_positions

GAME = envs.make("connect_four")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "c4"
    for number in (1, 2):
        save(run / "checkpoints" / f"{number:06d}", GAME, seed=number)
    return run


def batch(states, plies=None):
    states = np.asarray(states, np.uint64)
    plies = [20] * len(states) if plies is None else plies
    return Batch(np.arange(len(states)), states, GAME.legal(states), [[0] * ply for ply in plies])


def play(spec, states, plies=None, seeds=None):
    agent = registry.load(spec)
    seeds = range(len(states)) if seeds is None else seeds
    agent.start(GAME.spec, [GameKey(f"g{i}", 0, seed) for i, seed in enumerate(seeds)])
    decisions = agent.act(batch(states, plies))
    agent.close()
    agent.close()
    return decisions


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_it_wins_at_once_and_blocks_whatever_the_network_thinks(run, root):
    winning = position(GAME, "112233")  # 4 wins
    losing = position(GAME, "11223")  # only 4 does not lose at once
    won, blocked = play(f"{run}?simulations=100&root={root}", [winning, losing])
    assert won.action == 3
    assert won.value == 1
    assert blocked.action == 3


def test_a_decision_gives_its_reasons(run):
    states = random_positions(GAME, 20, 6, 0)
    for state, decision in zip(states, play(f"{run}?simulations=60", states), strict=True):
        legal = set(np.flatnonzero(GAME.legal(state[None])[0]).tolist())
        assert decision.action in decision.visits
        assert decision.visits.keys() <= legal == decision.policy.keys()
        assert sum(decision.policy.values()) == pytest.approx(1, abs=1e-5)
        assert -1 <= decision.value <= 1
        assert sum(decision.visits.values()) <= 60
        assert decision.pv[0] == decision.action
        for action in decision.pv:
            assert GAME.legal(state[None])[0, action]
            state = GAME.step(state[None], np.array([action], np.int32))[0]


@pytest.mark.parametrize("options", ["simulations=40", "simulations=40&root=puct", "simulations=0", "slots=3"])
def test_a_game_does_not_depend_on_the_others_in_the_batch(run, options):
    spec = f"{run}?temperature=1&temperature_plies=99&" + options.replace("slots=3", "slots=3&simulations=30")
    states = random_positions(GAME, 8, 6, 1)
    together = play(spec, states)
    for i in range(8):
        assert play(spec, states[i : i + 1], seeds=[i]) == [together[i]]


def test_what_makes_it_faster_makes_it_no_other_agent(run):
    plain, tuned = (registry.load(f"{run}?simulations=40{more}") for more in ("", "&slots=3&cache=1000"))
    assert (tuned.name, tuned.fingerprint) == (plain.name, plain.fingerprint)


def test_equal_seeds_play_equal_games_and_others_differ(run):
    spec = f"{run}?simulations=16&temperature=2"
    states = GAME.init(30)
    first = play(spec, states, plies=[0] * 30, seeds=range(30))
    assert first == play(spec, states, plies=[0] * 30, seeds=range(30))
    assert len({decision.action for decision in first}) > 3


def test_temperature_draws_from_the_policy_and_ends(run):
    """1000 games draw in proportion to policy ** (1 / 2), within five standard errors; later plies take the best."""
    states = np.repeat(GAME.init(1), 1000, axis=0)
    spec = f"{run}?simulations=0&temperature=2&temperature_plies=4"
    decisions = play(spec, states, plies=[3] * 1000, seeds=range(1000))
    weights = np.array([decisions[0].policy[a] for a in range(7)]) ** 0.5
    chances = weights / weights.sum()
    counts = np.bincount([d.action for d in decisions], minlength=7)
    assert np.abs(counts / 1000 - chances).max() < 5 * np.sqrt(0.25 / 1000)
    late = play(spec, states[:20], plies=[4] * 20)
    assert {d.action for d in late} == {int(np.argmax([late[0].policy[a] for a in range(7)]))}


def test_without_simulations_the_network_alone_decides(run):
    states = random_positions(GAME, 10, 8, 2)
    legal = GAME.legal(states)
    evaluate = CachedEvaluator(GAME, NetworkEvaluator(GAME, make(GAME, seed=2)))
    logits, wdl = evaluate(states, legal)
    for i, decision in enumerate(play(f"{run}/latest?simulations=0", states)):
        assert decision.action == np.where(legal[i], logits[i], -np.inf).argmax()
        assert decision.value == pytest.approx(wdl[i, 0] - wdl[i, 2], abs=1e-6)
        assert decision.visits is None
        odds = np.exp(logits[i][legal[i]])
        assert list(decision.policy.values()) == pytest.approx(odds / odds.sum(), abs=1e-6)


def test_over_all_images_opinions_are_means(run):
    """They are the means of what the network says about a board and its mirror image."""
    states = random_positions(GAME, 10, 8, 4)
    legal, net = GAME.legal(states), NetworkEvaluator(GAME, make(GAME, seed=2))
    own, (logits, wdl) = net(states, legal), (np.zeros((10, 7)), np.zeros((10, 3)))
    for k in range(2):
        images = GAME.symmetry(states, np.full(10, k, np.int8))
        some, chances = net(images, GAME.legal(images))
        logits, wdl = logits + some[:, GAME.action_symmetry[k]] / 2, wdl + chances / 2
    assert np.abs(logits - own[0]).max() > 0.1
    for i, decision in enumerate(play(f"{run}?simulations=0&images=true", states)):
        odds = np.exp(logits[i][legal[i]])
        assert list(decision.policy.values()) == pytest.approx(odds / odds.sum(), abs=1e-4)
        assert decision.value == pytest.approx(wdl[i, 0] - wdl[i, 2], abs=1e-4)


def test_what_the_rules_prove_is_known_at_once(run):
    """Late in a game few simulations are enough to know its end, where the rules may look at more positions alone."""
    states, solver = random_positions(GAME, 60, 34, 5), Solver(32)
    truth = [float(np.sign(solver.solve(state))) for state in states]
    right = []
    for prove in (0, 1000):
        found = play(f"{run}?simulations=16&prove={prove}", states)
        right.append(sum(decision.value == true for decision, true in zip(found, truth, strict=True)))
    assert right[0] < 50 < right[1]


@pytest.mark.parametrize("paced", [False, True])
def test_only_a_network_that_tells_how_long_games_last_hurries(tmp_path, monkeypatch, paced):
    asked = []

    def leftmost(game, net, states, choice, visits, q, values):
        asked.append(visits[np.arange(len(choice)), choice].tolist())
        return np.zeros_like(choice)

    monkeypatch.setattr(alphazero, "quickest", leftmost)
    net = make(GAME, NetConfig(blocks=1, channels=8, pool_every=0, plies_left_head=paced))
    save(tmp_path / "x", GAME, net_config=asdict(net.config), tensors=net.state_dict())
    found = play(f"{tmp_path}/x?simulations=30", random_positions(GAME, 5, 4, 6))
    assert len(asked) == paced
    assert ({decision.action for decision in found} == {0}) == paced
    assert all(decision.pv[0] == decision.action for decision in found)


def test_names_and_fingerprints_tell_players_apart(run, tmp_path):
    def load(spec):
        agent = registry.load(spec)
        return agent.name, agent.fingerprint

    name, fingerprint = load(f"{run}/latest")
    assert name == "alphazero:c4/000002"
    assert load(f"alphazero:{run}/checkpoints/000002?simulations=600") == (name, fingerprint)
    assert load(f"{run}?simulations=50")[0] == "alphazero:c4/000002?simulations=50"
    assert load(f"{run}?simulations=50")[1] != fingerprint
    assert load(f"{run}/checkpoints/000001")[1] != fingerprint
    save(tmp_path / "copy", GAME, seed=2, meta={"note": "the same network in another place"})
    assert load(str(tmp_path / "copy")) == ("alphazero:copy", fingerprint)


def test_it_plays_its_own_game_only(run):
    agent = registry.load(str(run))
    with pytest.raises(AgentError, match="alphazero:c4/000002 plays connect_four version 1, not othello version 1"):
        agent.start(envs.make("othello").spec, [])


def test_one_agent_plays_one_match_after_another(run):
    agent = registry.load(f"{run}?simulations=20")
    states = random_positions(GAME, 6, 6, 3)
    for n in (2, 6, 1):
        agent.start(GAME.spec, [GameKey(str(i), 0, i) for i in range(n)])
        decisions = agent.act(batch(states[:n]))
        assert decisions == play(f"{run}?simulations=20", states[:n])
    assert agent.act(batch(states[:0])) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("alphazero", "needs a checkpoint, as in alphazero:runs/x/latest"),
        ("{run}?simulations=-1", "simulations is from 0 to 1000000, not -1"),
        ("{run}?temperature=-1", "temperature is from 0 to 100, not -1"),
        ("{run}?temperature=nan", "temperature is from 0 to 100, not nan"),
        ("{run}?slots=0", "slots is from 1 to 65536, not 0"),
        ("{run}?root=uct", "unknown value of option 'root'.*choose from: gumbel, puct"),
        ("{run}?simulation=3", "unknown option.*Did you mean 'simulations'"),
        ("{run}/checkpoints/000009", "there is no such checkpoint"),
        ("shipped:nothing", "unknown shipped checkpoint 'nothing'"),
    ],
)
def test_wrong_specs_say_what_is_wrong(run, spec, message):
    with pytest.raises(InputError, match=message):
        registry.load(spec.format(run=run))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "unheard_of"}, "of kind 'unheard_of', which is not known here"),
        ({"game": "go"}, "for the game 'go', which is not known here"),
        ({"game_version": 99}, "for connect_four version 99, not for connect_four version 1"),
        ({"net_config": {"blocs": 1}}, "checkpoint.json: unknown network option 'blocs'"),
        ({"net_config": {"blocks": 2, "channels": 8, "pool_channels": 2}}, "asks for another network"),
    ],
)
def test_checkpoints_of_others_are_refused(tmp_path, changes, message):
    save(tmp_path / "other", GAME, **changes)
    with pytest.raises(checkpoints.CheckpointMismatch, match=message):
        registry.load(str(tmp_path / "other"))


def test_the_checkpoint_names_the_kind_that_plays_it(tmp_path):
    """A bare path needs no prefix: checkpoint.json says who can play it."""
    save(tmp_path / "x", GAME)
    assert registry.parse(str(tmp_path / "x"))[0].id == "alphazero"
    card = json.loads((tmp_path / "x" / checkpoints.JSON).read_text())
    (tmp_path / "x" / checkpoints.JSON).write_text(json.dumps({**card, "kind": "bot"}))
    kind, target, _ = registry.parse(str(tmp_path / "x"))
    assert (kind.id, target) == ("bot", str(tmp_path / "x"))
