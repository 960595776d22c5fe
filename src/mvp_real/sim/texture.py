"""Smooth procedural textures for table and objects, drawn from a random generator.

Every pattern is a scalar field in [0, 1] mapped through a colour table. There is no pixel noise anywhere:
the smallest structure is several texels wide, because per-patch normalisation in a masked autoencoder blows
noise on plain patches up into targets that nothing can predict.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]
Image = NDArray[np.uint8]


def _grid(side: int) -> tuple[Field, Field]:
    axis = np.linspace(-1.0, 1.0, side, dtype=np.float32)
    return axis[None, :], axis[:, None]


def _waves(side: int, generator: Generator, count: int, low: float, high: float) -> Field:
    """Sum of plane waves of random direction with `low` to `high` periods over the image, about -1 to 1."""
    x, y = _grid(side)
    total = np.zeros((side, side), np.float32)
    for _ in range(count):
        frequency = np.float32(np.pi * generator.uniform(low, high))
        angle, phase = generator.uniform(0, 2 * np.pi, 2)
        # cos(ax + by + p) from outer products: trigonometry on two lines instead of the whole image.
        ax = np.float32(frequency * np.cos(angle)) * x
        by = np.float32(frequency * np.sin(angle)) * y + np.float32(phase)
        total += np.cos(by) * np.cos(ax) - np.sin(by) * np.sin(ax)
    return total / np.float32(np.sqrt(count))


def _smooth_step(values: Field, edge: float = 0.0, softness: float = 0.12) -> Field:
    return np.clip((values - np.float32(edge)) / np.float32(2 * softness) + np.float32(0.5), 0, 1)


def gradient(side: int, generator: Generator) -> Field:
    """One slow slope with a gentle swell."""
    x, y = _grid(side)
    angle = generator.uniform(0, 2 * np.pi)
    slope = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    return 0.5 + 0.3 * slope + 0.15 * _waves(side, generator, 2, 0.4, 1.2)


def wood(side: int, generator: Generator) -> Field:
    """Grain-like bands along one direction, bent by slow waves; planks are separated by thin lines now and
    then.
    """
    x, y = _grid(side)
    across, along = (x, y) if generator.random() < 0.5 else (y, x)
    bend = 0.06 * _waves(side, generator, 2, 0.5, 1.5) + 0.02 * np.sin(
        np.float32(generator.uniform(2, 5)) * along + np.float32(generator.uniform(0, 6))
    )
    u = across + bend
    grain = np.sin(np.float32(generator.uniform(25, 55)) * u) + 0.6 * np.sin(
        np.float32(generator.uniform(70, 110)) * u + 3 * bend
    )
    field = 0.5 + 0.2 * grain + 0.15 * _waves(side, generator, 2, 0.5, 2.0)
    if generator.random() < 0.5:
        planks = generator.uniform(3, 8)
        gap = np.abs(((across + 1) * np.float32(planks / 2)) % 1.0 - 0.5)
        field = field * np.where(gap < 0.018 * planks / 4, np.float32(0.25), np.float32(1.0))
    return field.astype(np.float32)


def checks(side: int, generator: Generator) -> Field:
    """Two-colour checks, possibly turned."""
    x, y = _grid(side)
    angle = generator.uniform(0, np.pi / 2) if generator.random() < 0.5 else 0.0
    count = np.float32(generator.uniform(4, 14) * np.pi)
    u = np.cos(angle) * x + np.sin(angle) * y
    v = np.cos(angle) * y - np.sin(angle) * x
    return _smooth_step(np.sin(count * u) * np.sin(count * v), 0.0, 0.08).astype(np.float32)


def stripes(side: int, generator: Generator) -> Field:
    """Stripes of random pitch and duty, possibly in two frequencies."""
    x, y = _grid(side)
    angle = generator.uniform(0, np.pi)
    u = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    wave = np.sin(np.float32(generator.uniform(10, 45)) * u)
    if generator.random() < 0.4:
        wave = 0.6 * wave + 0.6 * np.sin(np.float32(generator.uniform(6, 20)) * u + 1.0)
    return _smooth_step(wave, generator.uniform(-0.5, 0.5), generator.uniform(0.1, 0.5))


def weave(side: int, generator: Generator) -> Field:
    """Cloth: crossed threads, coarse enough to be seen as threads."""
    x, y = _grid(side)
    count = np.float32(generator.uniform(60, 110))
    warp, weft = np.sin(count * x), np.sin(count * y)
    tartan = np.sin(np.float32(generator.uniform(6, 14)) * x) + np.sin(
        np.float32(generator.uniform(6, 14)) * y
    )
    return (0.5 + 0.12 * (warp + weft) + 0.12 * tartan * np.float32(generator.random() < 0.6)).astype(
        np.float32
    )


def blotches(side: int, generator: Generator) -> Field:
    """Soft-edged islands, as on stone or a stained board."""
    return _smooth_step(
        _waves(side, generator, 6, 1.0, 7.0), generator.uniform(-0.6, 0.6), generator.uniform(0.2, 0.8)
    )


def marble(side: int, generator: Generator) -> Field:
    """Bent veins."""
    x, y = _grid(side)
    angle = generator.uniform(0, np.pi)
    u = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    bent = np.float32(generator.uniform(4, 10)) * u + 1.4 * _waves(side, generator, 4, 0.8, 4.0)
    return (np.abs(np.sin(bent)) ** np.float32(generator.uniform(0.4, 1.0))).astype(np.float32)


def tiles(side: int, generator: Generator) -> Field:
    """Square tiles with joints, each tile in its own shade."""
    count = int(generator.integers(4, 11))
    shades = generator.uniform(0.35, 1.0, (count, count)).astype(np.float32)
    index = np.minimum((np.arange(side) * count) // side, count - 1)
    field = shades[index][:, index]
    offset = np.abs((np.arange(side) * count / side) % 1.0 - 0.5)
    joint = (offset > 0.5 - 0.02 * count / 4).astype(np.float32)
    return field * (1 - np.maximum(joint[None, :], joint[:, None]))


def plain_colour(side: int, generator: Generator) -> Field:
    """One colour with a barely visible swell."""
    return 0.5 + 0.08 * _waves(side, generator, 2, 0.4, 1.0)


FAMILIES: dict[str, Callable[[int, Generator], Field]] = {
    "gradient": gradient,
    "wood": wood,
    "checks": checks,
    "stripes": stripes,
    "weave": weave,
    "blotches": blotches,
    "marble": marble,
    "tiles": tiles,
    "plain_colour": plain_colour,
}


def random_colours(generator: Generator, count: int) -> NDArray[np.float32]:
    """(count, 3) colours in 0 to 1: a random base with the others either near it or anywhere."""
    base = _from_hsv(generator.random(), generator.uniform(0.0, 0.75), generator.uniform(0.25, 0.95))
    colours = [base]
    spread = generator.choice([0.2, 0.5, 0.9])
    while len(colours) < count:
        other = _from_hsv(generator.random(), generator.uniform(0.0, 0.75), generator.uniform(0.15, 0.95))
        colours.append((1 - spread) * base + spread * other)
    return np.asarray(colours, np.float32)


def _from_hsv(hue: float, saturation: float, value: float) -> NDArray[np.float32]:
    channel = (np.array([5.0, 3.0, 1.0]) + 6 * hue) % 6
    shade = np.clip(np.minimum(channel, 4 - channel), 0, 1)
    return np.asarray(value * (1 - saturation * shade), np.float32)


def colour_field(field: Field, colours: NDArray[np.float32]) -> Image:
    """Map a field (S, S) through a table that runs through `colours` (n, 3); (S, S, 3) uint8."""
    stops = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), stops, colours[:, c]) for c in range(3)], axis=1)
    index = (np.clip(field, 0, 1) * 255).astype(np.uint8)
    return (table * 255).astype(np.uint8)[index]


def random_texture(generator: Generator, side: int, family: str | None = None) -> Image:
    """A texture (side, side, 3) uint8 of a random (or the named) family in random colours."""
    names = list(FAMILIES)
    name = family or names[int(generator.integers(len(names)))]
    field = FAMILIES[name](side, generator)
    return colour_field(field, random_colours(generator, int(generator.integers(2, 4))))


def plain_table(side: int) -> Image:
    """The table of the plain scene: pale wood of low contrast, always the same."""
    field = wood(side, np.random.default_rng(11))
    return colour_field(0.2 + 0.6 * field, np.array([[0.70, 0.62, 0.52], [0.79, 0.72, 0.62]], np.float32))
