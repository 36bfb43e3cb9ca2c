"""Why a training cannot go on. What has been saved is sound; the messages are for people."""

from __future__ import annotations


class TrainingError(Exception):
    """Training cannot go on."""


class Diverged(TrainingError):
    """The loss is not a number, or has grown far above that of an ignorant network."""


class DiskFull(TrainingError):
    """There is no room for what has to be written."""
