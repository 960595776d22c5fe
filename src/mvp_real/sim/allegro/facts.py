"""Link lengths, masses and shapes of the Allegro hand, read from `sim/allegro.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray
from mvp_real.resources import sim_file
from mvp_real.robots.allegro.table import FINGERS, JOINTS_PER_FINGER


@dataclass(frozen=True, eq=False)
class Link:
    """One link of the right hand, a box, or a capsule at a fingertip.

    Attributes:
        position: (3,) of its frame in the frame before, m.
        rpy: (3,) roll, pitch, yaw of its frame in the frame before, degrees.
        axis: (3,) of its joint; zeros for a tip, which has none.
        mass: kg.
        half: (3,) half sizes of the box, m; for a capsule its radius and half length and nothing.
        center: (3,) middle of the shape in the link's frame, m.
    """

    position: FloatArray
    rpy: FloatArray
    axis: FloatArray
    mass: float
    half: FloatArray
    center: FloatArray


@dataclass(frozen=True, eq=False)
class HandFacts:
    """The right hand.

    Attributes:
        palm: The palm; its frame is the wrist's.
        links: Name of the finger to its four links, from the palm outwards.
        tips: Name of the finger to its tip.
        damping, frictionloss, armature: Of every joint, in Nm s/rad, Nm and kg m^2.
    """

    palm: Link
    links: dict[str, tuple[Link, ...]]
    tips: dict[str, Link]
    damping: float
    frictionloss: float
    armature: float

    @property
    def mass(self) -> float:
        """Of the whole hand, kg."""
        links = [link for finger in self.links.values() for link in finger]
        return self.palm.mass + sum(link.mass for link in [*links, *self.tips.values()])


@lru_cache(maxsize=1)
def load_facts() -> HandFacts:
    """The facts in `sim/allegro.yaml`."""
    return read_facts(sim_file("allegro.yaml"))


def read_facts(path: Path) -> HandFacts:
    """The facts in a YAML file.

    Raises:
        MvpRealError: A key is missing, or a row does not have the numbers it needs.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        rows = {
            finger: document["thumb" if finger == "thumb" else "finger"][:JOINTS_PER_FINGER]
            for finger in FINGERS
        }
        links = {}
        for finger in FINGERS:
            base = document["bases"][finger]
            chain = [_link(row, path) for row in rows[finger]]
            first = chain[0]
            place, turn = _vector(base["pos"], path), _vector(base["rpy"], path)
            chain[0] = Link(place + first.position, turn, first.axis, first.mass, first.half, first.center)
            links[finger] = tuple(chain)
        tips = {
            finger: _tip(document["tip"]["thumb" if finger == "thumb" else "finger"], path)
            for finger in FINGERS
        }
        palm = document["palm"]
        return HandFacts(
            Link(
                np.zeros(3), np.zeros(3), np.zeros(3), float(palm["mass"]),
                _vector(palm["half"], path), _vector(palm["center"], path),
            ),
            links, tips, float(document["damping"]), float(document["frictionloss"]), float(document["armature"]),
        )  # fmt: skip
    except KeyError as error:
        raise MvpRealError(f"{path}: key {error} is missing") from error


def _link(row: dict[str, Any], path: Path) -> Link:
    return Link(
        _vector(row["pos"], path),
        np.zeros(3),
        _vector(row["axis"], path),
        float(row["mass"]),
        _vector(row["half"], path),
        _vector(row["center"], path),
    )


def _tip(row: dict[str, Any], path: Path) -> Link:
    radius, length = float(row["radius"]), float(row["length"])
    center = np.array([0.0, 0.0, -0.5 * length])
    size = np.array([radius, 0.5 * length, 0.0])
    return Link(_vector(row["pos"], path), np.zeros(3), np.zeros(3), float(row["mass"]), size, center)


def _vector(value: Any, path: Path) -> FloatArray:
    vector = np.array(value, dtype=np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise MvpRealError(f"{path}: {value!r} is not three finite numbers")
    return vector
