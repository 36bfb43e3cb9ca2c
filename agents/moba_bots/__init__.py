"""Scripted players of the team game, of rising skill: they see what a network sees, one hero's observation and mask.

They keep nothing between decisions, so a side may be swapped, resumed or batched at will. In rising order, but
for the last:

* ``idle`` waits; ``random`` draws any legal action (and is of use for nothing but comparison);
* ``pusher`` walks its lane and attacks whatever comes, to the death;
* ``farmer`` takes last hits, keeps away from towers without creeps to cover it and goes home when hurt;
* ``brawler`` uses its abilities and fights the weakest hero in sight, with its side and against any odds;
* ``captain`` also minds towers and weighs harm against harm: whom it can kill, which building falls before it does,
  when to stay on; of five heroes, three go together before long while the others keep their lanes;
* ``raider`` is of another style and not for training: it lives off neutrals, shuns heroes and takes undefended towers.

All but the first three go by the same rules (`rules`) and differ in the numbers these go by (`tempers`).
"""

from agents.moba_bots.playing import BOTS, TRAINING_BOTS, VERSION, act, act_rows

__all__ = ["BOTS", "TRAINING_BOTS", "VERSION", "act", "act_rows"]
