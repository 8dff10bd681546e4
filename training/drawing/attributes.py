"""What a picture shows, as words. Everything else about it (pose, locks of hair, stars) is chance."""

from __future__ import annotations

import dataclasses
import random

HAIR_COLORS = ("black", "brown", "blonde", "red", "pink", "blue", "green", "purple", "white")
HAIR_STYLES = ("short", "bob", "long", "twin tails", "ponytail", "double bun")
EYE_COLORS = ("blue", "red", "green", "purple", "golden", "brown")
EXPRESSIONS = ("smile", "open mouth", "neutral", "sad", "wink")
ACCESSORIES = ("none", "glasses", "ribbon", "cat ears", "hairband")
CLOTHES_COLORS = ("white", "black", "red", "blue", "green", "yellow", "pink", "purple")
CLOTHES = ("sailor uniform", "shirt", "sweater")
PLAIN_BACKGROUNDS = ("white", "gray", "pink", "red", "yellow", "green", "blue", "purple")
SCENES = ("night sky", "cherry blossoms", "sunset")
BACKGROUNDS = PLAIN_BACKGROUNDS + SCENES
BANGS = ("blunt", "swept", "parted")
FRAMINGS = ("normal", "close-up", "from afar")

# The heads of the classifier, and the rows of the table in docs/small-model.md.
CHOICES = {
    "hair_color": HAIR_COLORS,
    "hair_style": HAIR_STYLES,
    "eye_color": EYE_COLORS,
    "expression": EXPRESSIONS,
    "accessory": ACCESSORIES,
    "clothes_color": CLOTHES_COLORS,
    "clothes": CLOTHES,
    "background": BACKGROUNDS,
}


@dataclasses.dataclass(frozen=True)
class Attributes:
    hair_color: str
    hair_style: str
    eye_color: str
    expression: str
    accessory: str
    clothes_color: str
    clothes: str
    background: str
    bangs: str = "blunt"
    framing: str = "normal"

    def labels(self) -> list[int]:
        """The index of each attribute within CHOICES, in the order of CHOICES."""
        return [values.index(getattr(self, name)) for name, values in CHOICES.items()]


def drawable(a: Attributes) -> bool:
    """Buns stand where cat's ears would grow."""
    return not (a.hair_style == "double bun" and a.accessory == "cat ears")


def sample(rng: random.Random) -> Attributes:
    """A uniformly drawn combination that can be drawn."""
    while True:
        a = Attributes(
            **{name: rng.choice(values) for name, values in CHOICES.items()},
            bangs=rng.choice(BANGS),
            framing=rng.choices(FRAMINGS, weights=(6, 2, 2))[0],
        )
        if drawable(a):
            return a


def held_out(a: Attributes) -> bool:
    """One combination in sixteen is kept from training; the evaluation draws from these alone."""
    index = 0
    for name, values in CHOICES.items():
        if name != "clothes":
            index = index * 31 + values.index(getattr(a, name))
    return (index * 2654435761 >> 8) % 16 == 0
