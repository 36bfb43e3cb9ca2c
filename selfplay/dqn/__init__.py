"""How agents improve at games played for points: Q-learning from pictures. Read `train`, the loop, first; then
`routes`, the two ways in which what was seen becomes something to learn.
"""
