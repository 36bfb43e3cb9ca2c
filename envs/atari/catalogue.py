"""What there is to know about the games without starting an emulator, which takes a tenth of a second each.

Left out are combat, joust, maze_craze and warlords: ALE has them for two players only.
"""

from __future__ import annotations

from dataclasses import dataclass

_BY_ACTIONS = {  # ROMs by the size of their minimal action set
    3: "backgammon freeway skiing",
    4: "atlantis atlantis2 blackjack breakout casino kaboom",
    5: "frogger pacman surround tetris video_checkers",
    6: "air_raid basic_math bowling carnival demon_attack galaxian king_kong name_this_game pong pooyan qbert "
    "sir_lancelot space_invaders up_n_down",
    7: "assault",
    8: "gopher phoenix tutankham",
    9: "asterix beam_rider crazy_climber enduro koolaid lost_luggage ms_pacman video_pinball",
    10: "amidar mr_do othello tic_tac_toe_3d time_pilot video_chess wizard_of_wor",
    12: "turmoil",
    14: "asteroids keystone_kapers kung_fu_master",
    16: "journey_escape",
    18: "adventure alien bank_heist battle_zone berzerk boxing centipede chopper_command crossbow darkchambers "
    "defender donkey_kong double_dunk earthworld elevator_action entombed et fishing_derby flag_capture frostbite "
    "gravitar hangman haunted_house hero human_cannonball ice_hockey jamesbond kangaroo klax krull laser_gates "
    "mario_bros miniature_golf montezuma_revenge pitfall pitfall2 private_eye riverraid road_runner robotank "
    "seaquest solaris space_war star_gunner superman tennis trondead venture video_cube word_zapper yars_revenge "
    "zaxxon",
}
NUM_ACTIONS: dict[str, int] = {rom: count for count, roms in _BY_ACTIONS.items() for rom in roms.split()}
"""Size of the minimal action set, by ROM."""


@dataclass(frozen=True, slots=True)
class Published:
    """Mean raw scores to hold one's own against.

    Of random play and of a professional tester: Wang et al. 2016, arXiv 1511.06581, Table 2, by which scores are
    usually normalised. Of DQN: Mnih et al. 2015, Nature 518:529-533, Extended Data Table 2.
    """

    random: float
    human: float
    dqn: float

    def normalised(self, score: float) -> float:
        """0 for random play, 1 for the human."""
        return (score - self.random) / (self.human - self.random)


PUBLISHED: dict[str, Published] = {
    "breakout": Published(random=1.7, human=30.5, dqn=401.2),
    "pong": Published(random=-20.7, human=14.6, dqn=18.9),
    "space_invaders": Published(random=148.0, human=1668.7, dqn=1976.0),
}
