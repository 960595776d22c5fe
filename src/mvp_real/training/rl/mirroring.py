"""The symmetry of the robot, from mirror functions of numpy arrays to what the networks use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.networks.phase_mirror import PhaseMirror
from mvp_real.training.rl.vector_environment import Array

SYMMETRIES = ("none", "phase", "augmentation")
MirrorFunction = Callable[[Array], Array]


@dataclass(frozen=True)
class MirrorFunctions:
    """How a robot looks in a mirror, half a gait period later. Anything with these attributes will do.

    Attributes:
        observation, action: Mirror images of arrays (..., O) and (..., A).
        clock: Where sine and cosine of the gait phase stand in the observation.
        state: Mirror image of arrays (..., S), if there is one.
        state_clock: Where they stand in the state.
    """

    observation: MirrorFunction
    action: MirrorFunction
    clock: tuple[int, int]
    state: MirrorFunction | None = None
    state_clock: tuple[int, int] | None = None


def signed_permutation(function: MirrorFunction, size: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Order (size,) and signs (size,) such that function(x) == x[order] * sign.

    Raises:
        MvpRealError: The function is something else, or applied twice does not give back what went in.
    """
    image = np.asarray(function(np.eye(size)))
    order = np.abs(image).argmax(axis=0)
    sign = image[order, np.arange(size)]
    probe = np.random.default_rng(0).normal(size=(2, size))
    if not (np.abs(sign) == 1.0).all() or not np.allclose(function(probe), probe[:, order] * sign):
        raise MvpRealError(
            f"a mirror function of {size} numbers must permute them and change signs, nothing else"
        )
    if not np.allclose(function(function(probe)), probe):
        raise MvpRealError(f"a mirror function of {size} numbers must undo itself when applied twice")
    return order, sign


def phase_mirror(functions: MirrorFunctions, source: str, size: int, actions: int) -> PhaseMirror:
    """The mirror of a policy that sees `source`: "observation", "state" or "tokens" (observation, then action).

    Raises:
        MvpRealError: There is no mirror function of the state.
    """
    action = signed_permutation(functions.action, actions)
    if source == "state":
        if functions.state is None or functions.state_clock is None:
            raise MvpRealError(
                "a mirrored policy on the state needs a mirror function of the state and its clock"
            )
        return PhaseMirror(*signed_permutation(functions.state, size), *action, functions.state_clock)
    if source == "observation":
        return PhaseMirror(*signed_permutation(functions.observation, size), *action, functions.clock)
    order, sign = signed_permutation(functions.observation, size - actions)
    return PhaseMirror(
        np.concatenate([order, size - actions + action[0]]),
        np.concatenate([sign, action[1]]),
        *action,
        functions.clock,
    )
