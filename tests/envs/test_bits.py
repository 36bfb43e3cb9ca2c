import numpy as np
import pytest

from envs.bits import below, draw, lowest, mix, popcount

U = np.uint64
WORDS = [0, 1, 2, 3, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0x0123456789ABCDEF, 0xF0F0F0F0F0F0F0F0]


@pytest.mark.parametrize("word", WORDS)
def test_popcount(word):
    assert popcount(U(word)) == word.bit_count()


@pytest.mark.parametrize("word", WORDS[1:])
def test_lowest(word):
    assert lowest(U(word)) == (word & -word).bit_length() - 1


def test_draw_is_splitmix64():
    """Against the numbers of https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64."""
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [draw(U(1234567), U(i)) for i in range(5)] == expected


def test_mix_changes_half_the_bits():
    flips = [int(mix(U(x)) ^ mix(U(x ^ (1 << bit)))).bit_count() for x in range(50) for bit in range(64)]
    assert 31.5 < np.mean(flips) < 32.5


def test_below_is_even():
    counts = np.bincount([below(U(draw(U(3), U(i))), U(7)) for i in range(7000)], minlength=7)
    assert counts.sum() == 7000
    assert (np.abs(counts - 1000) < 5 * 1000**0.5).all()
