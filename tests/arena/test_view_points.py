"""What two agents' games for points say."""

from dataclasses import replace

from arena.records import AgentRef, Fault, MatchRecord
from arena.view.points import facts, verdict

SCORES = {"alice": (10.0, 20.0, 5.0, 30.0), "bob": (7.0, 20.0, 9.0, 3.0)}


def games(scores: dict[str, tuple[float, ...]]) -> list[MatchRecord]:
    """Both agents on the same seeds: ids begin alike."""
    return [
        MatchRecord(
            id=f"{1000 * seed:016x}-{name}",
            game="breakout",
            game_version=1,
            seed=seed,
            agents=(AgentRef(name, name, name),),
            opening=(),
            actions=(seed, int(score)),
            analysis=(),
            returns=(score,),
            termination="rules",
            fault=None,
            started="2026-01-02T03:04:05+00:00",
            seconds=1.0,
            versions={},
        )
        for name, own in scores.items()
        for seed, score in enumerate(own)
    ]


def test_the_higher_score_on_a_seed_wins_it():
    told = facts(games(SCORES), ["alice", "bob"], "breakout")
    assert [row["scores"] for row in told["agents"]] == [list(SCORES["alice"]), list(SCORES["bob"])]
    pairs = told["duplicates"]
    assert (pairs["won"], pairs["drawn"], pairs["lost"]) == (2, 1, 1)
    assert pairs["elo"][0] < pairs["elo"][1] < pairs["elo"][2]
    assert 0.5 < pairs["a_is_better"] < 0.95
    assert verdict(told).startswith("of 4 seeds alice won 2, bob 1, 1 equal; alice is better with ")


def test_the_better_one_is_named_whoever_is_first():
    told = facts(games({name: SCORES[name] for name in ("bob", "alice")}), ["bob", "alice"], "breakout")
    assert "alice is better with" in verdict(told)


def test_one_agent_alone_has_no_verdict_and_spoilt_games_no_say():
    assert verdict(facts(games({"alice": SCORES["alice"]}), ["alice"], "breakout")) == ""
    whole = games(SCORES)
    whole[-1] = replace(whole[-1], termination="fault", fault=Fault("host", None, "out of memory"))
    pairs = facts(whole, ["alice", "bob"], "breakout")["duplicates"]
    assert (pairs["won"], pairs["drawn"], pairs["lost"]) == (1, 1, 1)
