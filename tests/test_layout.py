"""The shape of the repository: what is public, what is pinned, and what must not be in it."""

import inspect
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import agents.core
import arena.cli
import arena.records
import envs
import envs.core
from agents import registry

ROOT = Path(__file__).parents[1]
PACKAGES = ("arena", "selfplay", "agents", "envs")
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
SOURCES = [name for name in TRACKED if name.endswith(".py") and (ROOT / name).exists()]
LONGEST = 400  # lines of a file


def public(module) -> set[str]:
    """Names that a module defines itself for others."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", module.__name__) == module.__name__
        if not inspect.ismodule(value)
    }


def test_public_names():
    assert set(envs.__all__) == {
        "BoardGame",
        "GameSpec",
        "IllegalAction",
        "InputError",
        "ScoreGame",
        "TeamGame",
        "ids",
        "make",
        "pettingzoo_env",
        "score_game",
        "score_ids",
        "spec",
        "team_game",
        "team_ids",
    }
    assert {"Agent", "AgentError", "AgentKind", "Batch", "Decision", "GameKey"} <= public(agents.core)
    assert {"BoardGame", "GameSpec", "IllegalAction", "InputError", "unknown"} <= public(envs.core)
    assert {"AgentRef", "Fault", "MatchRecord", "Ply", "from_json", "to_json"} <= public(arena.records)


def test_games_agents_and_commands():
    assert set(envs.ids()) == {"chess", "connect_four", "minichess", "othello", "tic_tac_toe"}
    assert set(envs.team_ids()) - {"battle"} == {"moba_1v1", "moba_5v5"}  # battle: where MAgent2 is installed
    assert set(registry.kinds()) == {
        *("alphabeta", "alphazero", "bot", "dqn", "mcts", "perfect", "random", "sb3", "team", "uci"),
    }
    assert {command.__name__ for commands in arena.cli.PANELS.values() for command in commands} == {
        *("train", "learn", "experts", "demo", "ladder", "match", "watch", "matches", "replay"),
        *("export", "story", "play", "uci", "agents", "games", "perft", "doctor"),
    }


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_short_explained_and_clean(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    if name.startswith(tuple(f"{package}/" for package in PACKAGES)) and text:
        assert text.startswith('"""'), "a file begins by saying what it is"
    if name.startswith(tuple(f"{package}/" for package in PACKAGES)):
        assert not re.search(
            r"\b(TODO|FIXME|TYPE_CHECKING|breakpoint)\b|import pickle|pickle\.loads?\(|"
            r"(?<!safetensors\.)torch\.load\((?!.*weights_only=True\))",
            text,
        )


@pytest.mark.parametrize("name", [name for name in TRACKED if (ROOT / name).is_file()])
def test_nothing_of_the_machine_it_was_written_on(name):
    content = (ROOT / name).read_bytes()
    assert len(content) < 8_000_000
    assert not re.search(rb"(?<![\w.])/(home|root|Users|mnt|private)/[A-Za-z]", content) or b"\0" in content


def test_every_dependency_is_pinned_once_without_a_local_build():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line) for line in lines]
    assert all(pins), "only NAME==VERSION"
    pinned = {normal(pin[1]) for pin in pins}
    assert len(pinned) == len(lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {normal(re.split(r"[^\w.-]", name)[0]) for name in wanted} <= pinned


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_make_help_lists_every_target_a_person_may_call():
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split())
    described = set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE))
    assert targets == described
    assert {"demo", "test", "check", "help"} <= targets
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert re.search(r"make check\s+make test\s*$", (ROOT / ".ci/run").read_text())


README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND_LINES = sorted(set(re.findall(r"^(?:\$ )?(?:\.venv/bin/)?arena (.+?)(?:\s+#.*)?$", README, re.MULTILINE)))


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_of_the_readme_exist(line):
    name, *words = line.split()
    commands = {command.__name__: command for commands in arena.cli.PANELS.values() for command in commands}
    signature = str(inspect.signature(commands[name])) + inspect.getsource(commands[name])
    for option in (word for word in words if word.startswith("-")):
        assert option.lstrip("-").replace("-", "_") in signature or f'"{option}"' in signature


def test_the_readme_has_the_two_commands_and_files_that_exist():
    assert "make demo" in README
    assert "make test" in README
    assert COMMAND_LINES
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README):
        path = target[0] or target[1]
        assert path.startswith("http") or (ROOT / path).exists(), path
