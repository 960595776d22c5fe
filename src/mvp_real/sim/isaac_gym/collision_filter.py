"""From MuJoCo's collision bits to Isaac Gym's: there, two shapes collide unless their filters share a bit."""

from __future__ import annotations

from itertools import combinations

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError

_BITS = 31  # of a signed 32-bit integer

# Shapes of one body with the same bits: body, contype, conaffinity.
Kind = tuple[int, int, int]


def filters_of(model: mujoco.MjModel) -> NDArray[np.int64]:
    """(geoms,) filters of all shapes of bodies; those of the world and of pictures only have none.

    Kinds of shapes that do not collide are covered by cliques, groups in which none collides with another; each
    clique has a bit.

    Raises:
        MvpRealError: The model needs more than 31 bits.
    """
    rows = zip(model.geom_bodyid, model.geom_contype, model.geom_conaffinity, strict=True)
    of_geom = [(int(body), int(contype), int(conaffinity)) for body, contype, conaffinity in rows]
    kinds = sorted({kind for kind in of_geom if kind[0] and (kind[1] or kind[2])})
    apart = [
        pair for pair in combinations(kinds, 2) if pair[0][0] != pair[1][0] and not _collide(model, *pair)
    ]
    filters = dict.fromkeys(kinds, 0)
    bits = 0
    for first, second in apart:
        if filters[first] & filters[second]:
            continue
        clique = [first, second]
        for kind in kinds:
            if kind not in clique and not any(_collide(model, kind, other) for other in clique):
                clique.append(kind)
        for kind in clique:
            filters[kind] |= 1 << bits
        bits += 1
    if bits > _BITS:
        raise MvpRealError(
            f"the scene's contype and conaffinity need {bits} filter bits in Isaac Gym, which has {_BITS}; use fewer"
            " kinds of shapes"
        )
    return np.array([filters.get(kind, 0) for kind in of_geom], dtype=np.int64)


def _collide(model: mujoco.MjModel, first: Kind, second: Kind) -> bool:
    """Whether MuJoCo lets two kinds of shapes collide: bodies of their own, neither the parent of the other."""
    if first[0] == second[0]:
        return False
    related = second[0] == model.body_parentid[first[0]] or first[0] == model.body_parentid[second[0]]
    return not related and bool(first[1] & second[2] or second[1] & first[2])
