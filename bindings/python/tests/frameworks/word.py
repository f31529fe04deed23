"""The word that is planted."""

WORD = "xylophone-4711"
"""Planted wherever a run has content: it must not leave the process under the default content capture."""
