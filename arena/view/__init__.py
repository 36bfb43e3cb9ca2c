"""Showing matches to people: a replay in the terminal, a web page in one file, charts made of characters."""
