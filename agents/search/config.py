"""How a search searches. Budgets are not here: they are given with every search, since playout caps vary them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from envs.core import InputError


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """The rules of one search. Values (Q) are in [-1, 1] from the view of the player to move.

    ``root``: how simulations are spread over the root's actions.
      "gumbel"  sequential halving with Gumbel noise (Danihelka et al., ICLR 2022): an improved policy at any budget
      "puct"    like every other node (Silver et al. 2018), with Dirichlet noise and forced playouts when exploring
      "uct"     UCB1 everywhere, priors ignored (Kocsis and Szepesvári 2006)
    """

    root: Literal["gumbel", "puct", "uct"] = "gumbel"
    c_init: float = 1.25  # PUCT's exploration (AlphaZero, Science 2018, pseudocode)
    c_base: float = 19652.0
    c_uct: float = 1.0
    fpu_reduction: float = (
        0.2  # an unvisited action is worth this much less than its parent, times sqrt(visited prior mass)
    )
    root_fpu_reduction: float = 0.0
    noise_fraction: float = 0.25  # of Dirichlet noise in the root's priors
    noise_concentration: float = 10.0  # alpha = this / number of legal actions (KataGo; AlphaZero's 0.03..0.3 agree)
    forced_playouts: float = 2.0  # k of KataGo (arXiv 1902.10565, section 3.2); 0 turns them and the pruning off
    considered: int = 16  # actions that enter sequential halving
    gumbel_visit: float = (
        50.0  # c_visit and c_scale of sigma(q) = (c_visit + max visits) * c_scale * q, for q in [-1, 1]
    )
    gumbel_scale: float = 0.25
    seize: int = (
        1  # a root that wins in so many moves, 1 or 2, is told by the rules before anything is searched; 0: not
    )
    prove: int = 0  # positions that the rules may look at to settle a new leaf (`BoardGame.prove`); 0: none
    solve: bool = True  # back up proven results exactly (Winands et al. 2008) and stop when the root is proven

    def __post_init__(self) -> None:
        if self.root not in ("gumbel", "puct", "uct"):
            raise InputError(f"search root {self.root!r} is not one of gumbel, puct, uct")
        if self.considered < 1:
            raise InputError(f"considered must be at least 1, not {self.considered}")
        if not 0 <= self.seize <= 2:
            raise InputError(f"seize is 0, 1 or 2, not {self.seize}")
        if not 0 <= self.prove <= 1_000_000:
            raise InputError(f"prove is from 0 to 1000000, not {self.prove}")
        for name in ("c_init", "c_base", "c_uct", "noise_concentration", "gumbel_visit", "gumbel_scale"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("fpu_reduction", "root_fpu_reduction", "forced_playouts"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must not be negative, and is {getattr(self, name)}")
        if not 0 <= self.noise_fraction <= 1:
            raise InputError(f"noise_fraction must be in 0..1, not {self.noise_fraction}")


class Params(NamedTuple):
    """The same as numbers, which is what the kernels take."""

    gumbel: bool
    uct: bool
    c_init: float
    c_base: float
    c_uct: float
    fpu: float
    root_fpu: float
    noise_fraction: float
    noise_concentration: float
    forced: float
    considered: int
    gumbel_visit: float
    gumbel_scale: float
    solve: bool


def params(config: SearchConfig) -> Params:
    return Params(
        gumbel=config.root == "gumbel",
        uct=config.root == "uct",
        c_init=config.c_init,
        c_base=config.c_base,
        c_uct=config.c_uct,
        fpu=config.fpu_reduction,
        root_fpu=config.root_fpu_reduction,
        noise_fraction=config.noise_fraction if config.root == "puct" else 0.0,
        noise_concentration=config.noise_concentration,
        forced=config.forced_playouts if config.root == "puct" else 0.0,
        considered=config.considered,
        gumbel_visit=config.gumbel_visit,
        gumbel_scale=config.gumbel_scale,
        solve=config.solve,
    )
