"""How agents improve: AlphaZero by self-play. Read `train`, the loop, first; then, in the order in which a game becomes
knowledge: `play`, `worker`, `chunks`, `targets`, `window`, `learner`.
"""
