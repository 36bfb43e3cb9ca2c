import contextlib
import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

import envs
from agents import checkpoints, networks, registry
from agents.checkpoints import CheckpointDamaged, CheckpointError, CheckpointMismatch, CheckpointMissing
from agents.core import Batch, GameKey
from envs.core import InputError
from tests.agents.ask import ask
from tests.processes import eventually

from .nets import make, save

GAME = envs.make("tic_tac_toe")


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "000001", GAME)
    return tmp_path / "000001"


def edit(folder, **changes):
    """Rewrites fields of checkpoint.json; None removes one."""
    fields = {**json.loads((folder / checkpoints.JSON).read_text()), **changes}
    (folder / checkpoints.JSON).write_text(json.dumps({k: v for k, v in fields.items() if v is not None}))


def put_tensors(folder, blob):
    """Replaces the tensors, with the right hash."""
    (folder / checkpoints.TENSORS).write_bytes(blob)
    edit(folder, sha256=hashlib.sha256(blob).hexdigest())


def test_what_is_saved_is_read(tmp_path):
    net = save(tmp_path / "a" / "b", GAME, meta={"minutes": 1.5, "text": "ä"})
    checkpoint = checkpoints.read(tmp_path / "a" / "b")
    card = checkpoint.card
    assert (card.kind, card.game, card.game_version) == ("alphazero", "tic_tac_toe", GAME.spec.version)
    assert card.meta == {"minutes": 1.5, "text": "ä"}
    assert card == checkpoints.read_card(tmp_path / "a" / "b")
    other = make(GAME, seed=9)
    checkpoints.fill(other, checkpoint)
    assert all(torch.equal(tensor, net.state_dict()[name]) for name, tensor in other.state_dict().items())
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["b"]


def test_the_same_network_gives_the_same_hash(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        save(tmp_path / name, GAME, seed=seed)
    a, b, c = (checkpoints.read_card(tmp_path / name).sha256 for name in "abc")
    assert a == b != c


def test_saving_again_replaces(folder):
    save(folder, GAME, seed=5)
    other = make(GAME, seed=5).state_dict()
    assert torch.equal(checkpoints.read(folder).tensors["policy.weight"], other["policy.weight"])
    assert sorted(p.name for p in folder.parent.iterdir()) == [folder.name]


@pytest.mark.parametrize(
    ("damage", "kind", "message"),
    [
        (lambda f: (f / "checkpoint.json").unlink(), CheckpointMissing, "neither a checkpoint"),
        (lambda f: (f / "checkpoint.json").write_text('{"schema": 1, '), CheckpointDamaged, "json: not JSON"),
        (lambda f: (f / "checkpoint.json").write_bytes(b"\xff\xfe"), CheckpointDamaged, "cannot be read"),
        (lambda f: (f / "checkpoint.json").write_text("[1]"), CheckpointDamaged, "not a JSON object"),
        (lambda f: edit(f, schema=99), CheckpointMismatch, "schema 99, but this version reads schema 1"),
        (lambda f: edit(f, schema=None), CheckpointMismatch, "schema None"),
        (lambda f: edit(f, game=None), CheckpointDamaged, "field 'game' is missing or not of type str"),
        (lambda f: edit(f, game_version="1"), CheckpointDamaged, "field 'game_version'.*int"),
        (lambda f: edit(f, game_version=True), CheckpointDamaged, "field 'game_version'.*int"),
        (lambda f: edit(f, net_config=[1]), CheckpointDamaged, "field 'net_config'.*dict"),
        (lambda f: (f / "model.safetensors").unlink(), CheckpointMissing, "safetensors: .*missing"),
        (lambda f: os.truncate(f / "model.safetensors", 1000), CheckpointDamaged, "truncated or altered: 1000 bytes"),
        (lambda f: os.truncate(f / "model.safetensors", 0), CheckpointDamaged, "truncated or altered: 0 bytes"),
        (lambda f: edit(f, sha256="0" * 64), CheckpointDamaged, "truncated or altered"),
        (lambda f: put_tensors(f, b"\0" * 64), CheckpointDamaged, "not a safetensors file"),
        (lambda f: put_tensors(f, pickle.dumps({"a": 1})), CheckpointDamaged, "not a safetensors file"),
    ],
)
def test_a_damaged_checkpoint_says_what_is_wrong(folder, damage, kind, message):
    damage(folder)
    with pytest.raises(kind, match=message) as error:
        checkpoints.read(folder)
    assert isinstance(error.value, InputError)
    assert str(error.value).startswith(str(folder))
    assert "\n" not in str(error.value)


def test_every_single_altered_byte_is_noticed(folder):
    path = folder / checkpoints.TENSORS
    blob = path.read_bytes()
    for at in range(0, len(blob), len(blob) // 50):
        path.write_bytes(blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :])
        with pytest.raises(CheckpointDamaged):
            checkpoints.read(folder)


def test_a_checkpoint_is_for_one_kind_and_one_game(folder):
    card = checkpoints.read_card(folder)
    checkpoints.require(card, "alphazero", GAME.spec)
    with pytest.raises(CheckpointMismatch, match="of kind 'alphazero', not 'dqn'"):
        checkpoints.require(card, "dqn", GAME.spec)
    with pytest.raises(CheckpointMismatch, match="for tic_tac_toe version 1, not for othello version 1"):
        checkpoints.require(card, "alphazero", envs.make("othello").spec)
    edit(folder, game_version=7)
    with pytest.raises(CheckpointMismatch, match="version 7, not for tic_tac_toe version 1"):
        checkpoints.require(checkpoints.read_card(folder), "alphazero", GAME.spec)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("policy.bias"), "'policy.bias' is missing"),
        (lambda t: t.update(extra=torch.zeros(2)), "'extra' has no place"),
        (lambda t: t.update({"policy.bias": torch.zeros(8)}), r"'policy.bias' has shape \(8,\), not \(9,\)"),
        (lambda t: t.update({"policy.bias": torch.zeros(9).double()}), "'policy.bias' has type torch.float64"),
        (lambda t: t["policy.bias"].fill_(float("nan")), "'policy.bias' holds NaN"),
        (lambda t: t["policy.bias"][3:4].fill_(float("-inf")), "'policy.bias' holds NaN or infinity"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_and_change_nothing(folder, change, message):
    checkpoint = checkpoints.read(folder)
    change(checkpoint.tensors)
    net = make(GAME, seed=3)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(CheckpointMismatch, match=message):
        checkpoints.fill(net, checkpoint)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_newest_of_a_run(tmp_path):
    run = tmp_path / "run"
    for number in (9, 10, 100):
        save(run / "checkpoints" / str(number), GAME)
    (run / "checkpoints" / ".101.new").mkdir()
    (run / "checkpoints" / "102").mkdir()  # no checkpoint in it
    (run / "checkpoints" / "best").mkdir()
    assert [folder.name for folder in checkpoints.numbered(run)] == ["9", "10", "100"]
    for target in (run, run / "latest", str(run) + "/latest", run / "checkpoints" / "100"):
        assert checkpoints.resolve(target) == run / "checkpoints" / "100"
    assert checkpoints.resolve(run / "checkpoints" / "9").name == "9"


def test_a_pinned_spec_stays_with_its_checkpoint(tmp_path):
    save(tmp_path / "run" / "checkpoints" / "000007", GAME)
    spec = registry.pinned(f"{tmp_path}/run/latest?simulations=9")
    assert spec == f"{tmp_path}/run/checkpoints/000007?simulations=9"
    save(tmp_path / "run" / "checkpoints" / "000008", GAME)
    assert registry.pinned(spec) == spec
    assert registry.pinned(f"alphazero:{tmp_path}/run") == f"alphazero:{tmp_path}/run/checkpoints/000008"
    checkpoints.link_best(tmp_path / "run/checkpoints/000007")
    assert registry.pinned(f"{tmp_path}/run") == f"{tmp_path}/run/checkpoints/000007"
    assert registry.pinned(f"{tmp_path}/run/latest") == f"{tmp_path}/run/checkpoints/000008"
    for other in ("random", "mcts?simulations=9", "shipped:connect_four", "alphazero:shipped:connect_four"):
        assert registry.pinned(other) == other
    with pytest.raises(CheckpointMissing, match="nowhere"):
        registry.pinned(f"{tmp_path}/nowhere")


@pytest.mark.parametrize("target", ["none", "none/latest", "run", "run/latest", "run/checkpoints/000007"])
def test_what_is_not_there_is_reported_missing(tmp_path, target):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    with pytest.raises(CheckpointMissing, match=str(tmp_path / target)):
        checkpoints.resolve(tmp_path / target)


@pytest.mark.parametrize(("target", "why"), [("x" * 300, "File name too long"), ("~nobody-here/run", "home directory")])
def test_what_the_system_does_not_let_us_see_is_reported_too(target, why):
    with pytest.raises(CheckpointMissing, match=f"cannot be read: .*{why}"):
        checkpoints.resolve(target)


def test_shipped_checkpoints_go_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr("agents.cards.SHIPPED", tmp_path)
    save(tmp_path / "tic_tac_toe", GAME)
    assert checkpoints.shipped() == ["tic_tac_toe"]
    assert checkpoints.read("shipped:tic_tac_toe").card.game == "tic_tac_toe"
    with pytest.raises(InputError, match=r"unknown shipped checkpoint 'tic_tac_to'.*Did you mean 'tic_tac_toe'"):
        checkpoints.resolve("shipped:tic_tac_to")


SHIPPED = ("breakout", "chess", "connect_four", "minichess", "moba_1v1", "moba_5v5")


def first_decisions(agent, game_id):
    """What an agent does at the start of its game, and what is legal there: an action or, in a team, one a hero."""
    spec = envs.spec(game_id)
    if spec.family == "board":
        rules = envs.make(game_id)
        return ask(agent, rules, [[]], [7]), rules.legal(rules.init(1))
    if spec.family == "score":
        play = envs.score_game(game_id).start([7])
        seen, legal = play.observe(np.zeros(1, np.int64)), np.ones((1, spec.num_actions), bool)
    else:
        game = envs.team_game(game_id)
        play, side = game.start([7]), len(game.units) // 2
        seen, legal = (part[0, :side] for part in play.observe(np.zeros(1, np.int64)))
    agent.start(spec, [GameKey("it", 0, 7)])
    decisions = agent.act(Batch(np.zeros(len(seen), np.int64), seen, legal.copy(), [[]] * len(seen)))
    play.close()
    return decisions, legal


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_checkpoint_plays(name):
    assert sum(file.stat().st_size for file in checkpoints.resolve(f"shipped:{name}").iterdir()) < 10e6
    card = checkpoints.read_card(f"shipped:{name}")
    assert card.game == name
    assert {"command", "minutes", "machine", "strength"} <= card.meta.keys()
    agent = registry.load(f"shipped:{name}" + "?simulations=16" * (card.kind == "alphazero"))
    decisions, legal = first_decisions(agent, name)
    agent.close()
    assert len(decisions) == len(legal)
    assert all(allowed[decision.action] for decision, allowed in zip(decisions, legal, strict=True))
    assert all(-1 <= decision.value <= 1 for decision in decisions)


def test_these_checkpoints_are_shipped():
    assert checkpoints.shipped() == list(SHIPPED)


@pytest.mark.parametrize("calls", range(8))
@pytest.mark.parametrize("replacing", [False, True])
def test_a_crash_at_any_step_leaves_a_whole_checkpoint_or_none(tmp_path, monkeypatch, calls, replacing):
    """Each call that changes the disk fails in turn; what a crash there leaves is the old checkpoint or the new, or
    none between moving the one aside and the other in; and saving goes on after it."""
    folder = tmp_path / "000001"
    if replacing:
        save(folder, GAME, seed=1)
    left = calls

    def fail_when_due(real):
        def wrapped(*args, **kwargs):
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail_when_due(os.fsync))
        patch.setattr(Path, "rename", fail_when_due(Path.rename))
        patch.setattr(Path, "mkdir", fail_when_due(Path.mkdir))
        with contextlib.suppress(KeyboardInterrupt):
            save(folder, GAME, seed=2)
    wanted = [2] if calls > 5 + replacing else [1] if replacing and calls < 6 else []
    seen = [checkpoints.read(path).tensors["policy.weight"] for path in tmp_path.glob("[0-9]*")]
    assert len(seen) == len(wanted)
    assert all(torch.equal(seen[0], make(GAME, seed=seed).state_dict()["policy.weight"]) for seed in wanted)
    save(folder, GAME, seed=3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000001"]


KILLED = """
import sys, itertools
from pathlib import Path
import envs
from tests.agents.nets import save
game = envs.make("tic_tac_toe")
for number in itertools.count():
    save(Path(sys.argv[1]) / f"{number % 7:06d}", game, seed=number % 7)
"""


def test_killed_while_saving(tmp_path):
    """SIGKILL amid saving: all that is there reads, and holds what its number says."""
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)]) as process:
        eventually(lambda: process.poll() is not None or list(tmp_path.glob("[0-9]*")))
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    folders = list(tmp_path.glob("[0-9]*"))
    assert folders
    for folder in folders:
        tensors = checkpoints.read(folder).tensors
        assert torch.equal(tensors["policy.weight"], make(GAME, seed=int(folder.name)).state_dict()["policy.weight"])


def test_tensors_are_written_in_an_open_format(folder):
    """Any safetensors reader can read them."""
    tensors = safetensors.torch.load_file(folder / checkpoints.TENSORS)
    assert tensors.keys() == make(GAME).state_dict().keys()


def test_errors_are_errors_of_input():
    assert issubclass(CheckpointError, InputError)


def test_what_a_card_asks_for_takes_no_memory_before_it_fits(folder):
    checkpoint = checkpoints.read(folder)
    with pytest.raises(CheckpointMismatch, match=r"has no place|is missing"):
        checkpoints.build(lambda: torch.nn.Linear(1 << 24, 1 << 24), checkpoint)  # a petabyte
    edit(folder, net_config={**checkpoint.card.net_config, "blocks": 900, "channels": 1024, "pool_every": 0})
    with pytest.raises(CheckpointMismatch, match=r"net_config asks for another network|has shape"):
        registry.load(str(folder))


def test_tables_that_are_not_saved_are_there_when_a_module_is_built(tmp_path):
    rules = envs.make("minichess")
    config = networks.NetConfig(blocks=1, channels=8, pool_every=0, move_keys=4)
    net = make(rules, config)
    save(tmp_path / "it", rules, net_config=asdict(config), tensors=net.state_dict())
    built = checkpoints.build(lambda: networks.make(rules.spec, config), checkpoints.read(tmp_path / "it")).eval()
    seen = torch.from_numpy(rules.observe(rules.init(1))).float()
    assert torch.equal(built(seen)[0], net(seen)[0])
    assert "policy.pairs" not in net.state_dict()


def test_a_module_that_is_built_is_the_one_that_was_saved(folder):
    checkpoint = checkpoints.read(folder)
    net = checkpoints.build(lambda: make(GAME, seed=9), checkpoint)
    assert all(torch.equal(tensor, checkpoint.tensors[name]) for name, tensor in net.state_dict().items())
    assert not any(tensor.is_meta for tensor in net.state_dict().values())


@pytest.mark.parametrize("text", ["[" * 100_000, '{"schema": ' + "1" * 5000 + "}"])
def test_json_that_python_cannot_hold_is_damaged(folder, text):
    (folder / checkpoints.JSON).write_text(text)
    with pytest.raises(CheckpointDamaged, match="not JSON"):
        checkpoints.read_card(folder)


def test_a_spec_too_long_for_a_file_name_is_an_unknown_agent():
    with pytest.raises(InputError, match="unknown agent"):
        registry.load("x" * 5000)
