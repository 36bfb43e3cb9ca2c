"""An exact solver of Connect Four."""

from agents.solver.solver import Solver

__all__ = ["Solver"]
