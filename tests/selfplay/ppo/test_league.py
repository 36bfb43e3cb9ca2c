"""Who is played, and how opponents' qualities move."""

from collections import Counter

import numpy as np
import pytest

from agents.moba_bots import TRAINING_BOTS
from selfplay.ppo.league import LATEST, LITTLE, Draw, Field, League, bot_code, bot_name


def league(choice="quality", members=3, **options):
    made = League(choice, options.get("rate", 0.01), options.get("power", 2.0))
    for number in range(members):
        made.add(number)
    return made


def field(members, chances):
    return Field(members, np.array(chances, float), np.full(len(TRAINING_BOTS), 1 / len(TRAINING_BOTS)))


def test_a_bot_is_met_the_more_the_less_it_is_beaten():
    known = league()
    assert known.bot_chances().tolist() == pytest.approx([1 / len(TRAINING_BOTS)] * len(TRAINING_BOTS))
    for _ in range(98):
        known.result(bot_code("idle"), 1.0)
        known.result(bot_code("captain"), 0.5)  # is not a game won
    chances = dict(zip(TRAINING_BOTS, known.bot_chances(), strict=True))
    assert chances["captain"] / chances["idle"] == pytest.approx((0.99 + LITTLE) / (0.01 + LITTLE))
    assert chances["captain"] / chances["pusher"] == pytest.approx((0.99 + LITTLE) / (0.5 + LITTLE))
    assert sum(chances.values()) == pytest.approx(1)


def test_equal_qualities_are_met_alike():
    assert league().chances().tolist() == pytest.approx([1 / 3] * 3)


def test_quality_falls_by_rate_over_n_times_p_only_when_the_learner_wins():
    known = league()
    known.result(1, 0.0)
    known.result(1, 0.5)
    assert [m.quality for m in known.members] == [0, 0, 0]
    known.result(1, 1.0)
    assert known.members[1].quality == pytest.approx(-0.01 / (3 * (1 / 3)))
    known.members[1].quality = -1.0
    p = known.chances()[1]
    assert p == pytest.approx(np.exp(-1) / (2 + np.exp(-1)))
    known.result(1, 1.0)
    assert known.members[1].quality == pytest.approx(-1 - 0.01 / (3 * p))


def test_a_newcomer_has_the_quality_of_the_best():
    known = league()
    for number, quality in enumerate([-3.0, -1.0, -2.0]):
        known.members[number].quality = quality
    known.add(7)
    assert (known.members[-1].number, known.members[-1].quality) == (7, -1.0)


def test_a_snapshot_that_was_saved_after_the_league_joins_it():
    known = league()
    known.result(2, 1.0)
    known.adopt([0, 1, 2, 3, 5])
    assert [member.number for member in known.members] == [0, 1, 2, 3, 5]
    assert known.members[2].games == 1


def test_who_has_been_deleted_is_forgotten():
    known = league()
    known.keep({0, 2, 9})
    assert [member.number for member in known.members] == [0, 2]


def test_prioritised_play_prefers_those_who_win():
    known = league("pfsp")
    for _ in range(200):
        known.result(0, 1.0)
        known.result(1, 0.0)
        known.result(2, 0.5)
    first, second, third = known.chances()
    assert second > third > first
    w = [(m.wins + 1) / (m.games + 2) for m in known.members]
    assert second / third == pytest.approx(((1 - w[1]) / (1 - w[2])) ** 2)


def test_bots_have_codes_of_their_own_and_rates():
    assert {bot_name(bot_code(name)) for name in TRAINING_BOTS} == set(TRAINING_BOTS)
    assert all(bot_code(name) < LATEST for name in TRAINING_BOTS)
    known = league()
    for score in (1.0, 0.0, 1.0, 0.5):
        known.result(bot_code("idle"), score)
    known.result(2, 1.0)
    known.result(LATEST, 1.0)
    assert known.rates() == {"idle": 0.5, "past": 1.0}


def test_facts_bring_everything_back():
    known, fresh = league(), league(members=0)
    known.result(2, 1.0)
    known.result(bot_code("pusher"), 0.0)
    fresh.restore(known.facts())
    assert fresh.facts() == known.facts()
    assert fresh.rates() == known.rates()


def test_shares_of_opponents():
    draw = Draw(0.2, 0.1, 4, np.random.default_rng(0))
    met = Counter(draw.next(field([5, 9], [0.25, 0.75])) for _ in range(20_000))
    games = sum(met.values())
    bots = {code for code in met if code < LATEST}
    assert bots == {bot_code(name) for name in TRAINING_BOTS}  # never the raider
    assert sum(met[code] for code in bots) / games == pytest.approx(0.1, abs=0.01)
    assert (met[5] + met[9]) / games == pytest.approx(0.9 * 0.2, abs=0.01)
    assert met[9] / (met[5] + met[9]) == pytest.approx(0.75, abs=0.05)
    assert Draw(1.0, 0.0, 4, np.random.default_rng(0)).next(field([], [])) == LATEST


def test_a_past_self_is_met_several_times_in_a_row():
    draw = Draw(1.0, 0.0, 4, np.random.default_rng(0))
    met = [draw.next(field([1, 2, 3], np.ones(3) / 3)) for _ in range(40)]
    assert all(len(set(met[i : i + 4])) == 1 for i in range(0, 40, 4))
    assert len(set(met)) == 3
