"""A team game in the manner of Dota: ``moba_1v1`` and ``moba_5v5``, one rule set, 2 x 1 or 2 x 5 heroes.

**Goal.** Two bases in opposite corners of a map of 48 x 48 units. Whoever destroys the other's ancient wins; a lane's
outer tower shields its inner tower, and the ancient can be hurt once any lane's inner tower has fallen. ``moba_1v1``
has the middle lane, ``moba_5v5`` three.

**Time.** A decision is four ticks. In a tick every unit acts on the same moment and all damage, healing, deaths and
payments follow at once (`tick`, `paying`), so two heroes may kill each other and both ancients may fall: a draw.

**Units**, at most and for each side: 1 or 5 heroes of five roles with two or three abilities (`tables.ROLE`,
`tables.ABILITY`), 12 creeps a lane, two towers a lane and the ancient, two neutrals a camp (1 or 3 camps). Waves set
out every 25 decisions and grow in number and strength, and buildings weaken with time. From decision 300 on (with five
heroes a side 700) buildings that may be attacked also crumble, on both sides alike, so that every game ends, and is won
by whoever has done more harm to the other's: without that, equals cleared each other's waves for ever.

**Economy.** The last hit on a creep or a neutral pays gold, killing a hero pays more and its helpers some, a fallen
tower pays the whole side. Gold buys the role's next item at the fountain. Experience is shared by the heroes near what
dies; ten levels; the time to respawn grows with the level. Recalling takes three undisturbed decisions. Buildings are
hardly hurt while no creep of the attacker's is near, and towers shoot those who hit a hero beside them.

**Fog.** A side knows what its heroes, creeps and buildings see. Of a foe's hero out of sight it knows the last place,
health and level and their age; of buildings and neutrals the health last seen (that a building has fallen, or a hero is
dead, everyone is told). `fog.look` keeps these, and observations are made of nothing else.

**No side is special.** Positions are offsets from the centre in each side's own frame; the other side's frame is the
map turned by 180 degrees, a change of sign, which floating point does exactly. Units act on a snapshot, a unit's hurts
are summed in an order that is the same for both sides, and chance is a hash of (the side's key, tick, slot), not a
stream. So games with the sides' luck and actions exchanged are each other's mirror image, bit for bit
(`world.mirrored`).

Files, downwards: `faces` (PettingZoo), `shots` (for watching), `play` (for matches) and `games` (batches, for
training), `observe`, `rewards`, `tick`, `fog`,
`paying`, `heroes`, `minions`, `orders`, `start`, `setup` (the options), `world` (the state), `features`, `tables` (all
numbers), `pictures`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from envs.core import GameSpec, Scenery, TeamPlay, TeamShot
from envs.moba import features, tables


@dataclass(frozen=True)
class Moba:
    """One size of the game. What plays it is imported when asked for, as compiled code takes a while to load."""

    spec: GameSpec
    heroes: Literal[1, 5]  # a side

    @property
    def units(self) -> tuple[str, ...]:
        """``west_0``.. and then ``east_0``..: the agents' names, in the order of a record's actions."""
        return tuple(f"{side}_{i}" for side in self.spec.seats for i in range(self.heroes))

    @property
    def action_names(self) -> tuple[str, ...]:
        """[A]"""
        return tables.ACTIONS

    @property
    def stats(self) -> tuple[str, ...]:
        """`envs.moba.shots.STATS`"""
        from envs.moba.shots import STATS

        return STATS

    @property
    def scenery(self) -> Scenery:
        """The map."""
        from envs.moba.shots import scenery

        return scenery(self.heroes)

    def start(self, seeds: Sequence[int], options: Mapping[str, Any] = {}) -> TeamPlay:
        """See `envs.core.TeamGame.start`; ``options`` are those of `envs.moba.setup.Setup`."""
        from envs.moba.play import Play

        return Play(self.heroes, seeds, options)

    def film(self, seed: int, actions: Sequence[int], options: Mapping[str, Any] = {}) -> Iterator[TeamShot]:
        """See `envs.core.TeamGame.film`."""
        from envs.moba.shots import film

        return film(self.heroes, seed, actions, options)

    def batch(self, batch: int, threads: int = 1, **options: Any) -> Any:
        """`envs.moba.games.Games` of this size; ``options`` are those of `envs.moba.setup.Setup`."""
        from envs.moba.games import Games
        from envs.moba.setup import Setup

        return Games(batch, Setup(heroes=self.heroes, **options), threads=threads)

    def parallel_env(self, render_mode: str | None = None, **options: Any) -> Any:
        """The game as a PettingZoo parallel environment."""
        from envs.moba.faces import parallel_env

        return parallel_env(render_mode, heroes=self.heroes, **options)


def _game(heroes: Literal[1, 5], max_cycles: int) -> Moba:
    spec = GameSpec(
        id=f"moba_{heroes}v{heroes}",
        title=f"MOBA {heroes}v{heroes}",
        version=1,
        family="team",
        num_players=2,
        num_actions=tables.NUM_ACTIONS,
        max_legal=tables.NUM_ACTIONS,
        observation_shape=(features.NUM_FEATURES,),
        max_plies=max_cycles,
        num_symmetries=2,
        seats=("west", "east"),
    )
    return Moba(spec, heroes)


TEAM_GAMES = {
    "moba_1v1": lambda: _game(1, tables.MAX_CYCLES[1]),
    "moba_5v5": lambda: _game(5, tables.MAX_CYCLES[5]),
}
