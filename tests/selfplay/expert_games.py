"""PGN files for tests, written by python-chess."""

import random

import chess
import chess.pgn

RESULTS = ("1-0", "0-1", "1/2-1/2")


def random_game(seed, plies=60, fen=None):
    """A random game as `chess.pgn.Game`, ended by python-chess's rules or after so many plies by agreement."""
    chance, board = random.Random(seed), chess.Board(fen or chess.STARTING_FEN)
    while len(board.move_stack) < plies and not board.is_game_over(claim_draw=False):
        board.push(chance.choice(list(board.legal_moves)))
    game = chess.pgn.Game.from_board(board)
    game.headers["Result"] = board.result() if board.is_game_over() else RESULTS[seed % 3]
    return game


def write(path, games):
    """These games, `chess.pgn.Game` or text, as a file."""
    path.write_text("".join(f"{game}\n\n" for game in games), encoding="utf-8")
    return path
