"""Anime-style heads and shoulders, drawn as vector art: the training data of the small model."""

from drawing.attributes import Attributes, sample
from drawing.picture import render

__all__ = ["Attributes", "sample", "render"]
