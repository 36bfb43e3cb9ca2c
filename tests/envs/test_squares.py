import numpy as np

from envs.squares import board_text, dihedral, square_name


def test_each_symmetry_moves_the_corner_as_documented():
    """From a1, the top left corner of a 3 x 3 board, and its right neighbour b1."""
    corner = {0: (0, 1), 1: (2, 1), 2: (6, 7), 3: (8, 7), 4: (0, 3), 5: (6, 3), 6: (2, 5), 7: (8, 5)}
    table = dihedral(3)
    assert {k: (table[k, 0], table[k, 1]) for k in range(8)} == corner


def test_the_eight_symmetries_keep_distances():
    for size in (3, 8):
        rows, columns = np.divmod(dihedral(size), size)
        distance = (rows[:, :, None] - rows[:, None]) ** 2 + (columns[:, :, None] - columns[:, None]) ** 2
        assert (distance == distance[0]).all()
        assert len(np.unique(dihedral(size), axis=0)) == 8


def test_names():
    assert [square_name(q, 8) for q in (0, 7, 8, 63)] == ["a1", "h1", "a2", "h8"]


def test_board_text():
    assert board_text([0, 1, 2, 0], 2) == "  a b\n1 . X\n2 O ."
