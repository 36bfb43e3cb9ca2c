"""The AlphaZero player as a chess engine: what a chess program says to it and hears from it, by the protocol UCI.

The files in the order they build on each other: ``protocol`` (lines to commands, facts to lines), ``clock`` (how long
to think), ``told`` (positions as a program tells them), ``player`` (the network, its search, and when that ends),
``engine`` (the state machine) and ``mailbox`` (where lines come from). The protocol: backscattering.de/chess/uci
"""
