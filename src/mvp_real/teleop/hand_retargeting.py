"""From the operator's fingers to the joints of an Allegro hand, by vectors between knuckles and tips.

Two kinds of vectors are matched (the idea of "vector" retargeting and of DexPilot): from each knuckle to its fingertip,
scaled by the ratio of the finger lengths, so that a straight finger is a straight finger for any size of hand; and from
the thumb's tip to each other tip, which take over when the operator pinches, so that the robot's tips then meet.
Our own least squares on our own model of the hand, since the usual library needs torch, which no computer of a robot
imports.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvp_real.errors import require
from mvp_real.messages import FloatArray
from mvp_real.robots.allegro.table import FINGERS, JOINTS_PER_FINGER, HandTable
from mvp_real.sim.allegro.model import TIPS, build_hand
from mvp_real.teleop.human_hand import CHAINS, TIP, HandSize, palm_rotation
from mvp_real.teleop.one_euro import OneEuroFilter

mujoco = require("mujoco", "sim")

ITERATIONS = 8
FIRST_DAMPING = 1e-4  # m^2 / rad^2; a finger's Jacobian squared is about 1e-2
ENOUGH = 2e-3  # rad of the largest change, after which a frame's solution is good
OTHERS = ("index", "middle", "ring")


@dataclass(frozen=True)
class RetargetingSettings:
    """Weights and smoothing.

    Attributes:
        pinch_far, pinch_near: Distance of the operator's tips at which a pinch begins and is complete, m.
        pinch_weight: Weight of a complete pinch against 1 of a finger's own vector.
        contact: Distance of the robot's tip frames in a complete pinch, m: the tips are round, with a radius of 12 mm.
        stay: Weight of staying where the joints were, m^2 / rad^2.
        rest: Weight of the resting posture, m^2 / rad^2: decides what the vectors leave open.
        spread: The same for the first joint of index, middle and ring, which a straight finger leaves open.
        cutoff, slope: Of the filter on the joints, Hz and Hz per rad/s.
    """

    pinch_far: float = 0.055
    pinch_near: float = 0.02
    pinch_weight: float = 6.0
    contact: float = 0.024
    stay: float = 2e-5
    rest: float = 2e-6
    spread: float = 1e-3
    cutoff: float = 3.0
    slope: float = 3.0


class HandRetargeter:
    """Joint angles of one hand.

    Args:
        table: Variant and side.
        settings: Weights and smoothing.

    Attributes:
        size: The operator's finger lengths; give it a moment of tracking before the first motion.
    """

    def __init__(self, table: HandTable, settings: RetargetingSettings | None = None) -> None:
        self.settings = settings or RetargetingSettings()
        self.size = HandSize()
        self._side = table.side
        # Unturned, so that the world's axes are those of the wrist.
        self._model = build_hand(table, mount=(1.0, 0.0, 0.0, 0.0)).compile()
        self._data = mujoco.MjData(self._model)
        self._sites = [self._model.site(name).id for name in TIPS]
        margin = 0.02
        self._lower, self._upper = table.range_lower + margin, table.range_upper - margin
        self._rest = np.clip(table.home, self._lower, self._upper)
        self._rest_weight = np.full(len(self._rest), self.settings.rest)
        self._rest_weight[: JOINTS_PER_FINGER * len(OTHERS) : JOINTS_PER_FINGER] = self.settings.spread
        self._joints = self._rest.copy()
        self._filter = OneEuroFilter(self.settings.cutoff, self.settings.slope)
        self._move(np.zeros_like(self._rest))
        first = [self._model.body(f"link_{JOINTS_PER_FINGER * k}.0").id for k in range(len(FINGERS))]
        self._bases = self._data.xpos[first].copy()
        self._lengths = np.array([self._chain_length(k) for k in range(len(FINGERS))])

    def tips(self, joints: FloatArray) -> FloatArray:
        """(4, 3) fingertips for joints (16,), in the wrist's frame and the robot's order of fingers, m."""
        self._move(joints)
        return np.array(self._data.site_xpos[self._sites])

    def feed(self, fingers: FloatArray, now: float) -> FloatArray:
        """Joint angles (16,), rad, for the operator's joints (25, 3) in any frame, m.

        Raises:
            ValueError: The joints are no hand.
        """
        rotation = palm_rotation(fingers, self._side)
        self.size.feed(fingers)
        scale = self._lengths / np.maximum(self.size.lengths(), 0.02)
        own = np.stack([fingers[chain[-1]] - fingers[chain[0]] for chain in CHAINS.values()]) @ rotation
        pinches = np.stack([fingers[TIP[name]] - fingers[TIP["thumb"]] for name in OTHERS]) @ rotation
        self._joints = self._solve(scale[:, None] * own, pinches, float(np.mean(scale[:3])))
        return np.clip(self._filter.feed(self._joints, now), self._lower, self._upper)

    def _solve(self, own: FloatArray, pinches: FloatArray, scale: float) -> FloatArray:
        settings = self.settings
        distances = np.linalg.norm(pinches, axis=1)
        share = np.clip(
            (settings.pinch_far - distances) / (settings.pinch_far - settings.pinch_near), 0.0, 1.0
        )
        share = share * share * (3.0 - 2.0 * share)  # smooth at both ends
        wanted_distance = (1.0 - share) * scale * distances + share * settings.contact
        wanted_pinch = pinches * (wanted_distance / np.maximum(distances, 1e-4))[:, None]
        pinch_weight = np.sqrt(settings.pinch_weight * share)
        # A finger that pinches follows the pinch, not its own vector; the thumb the closest of its partners.
        own_weight = np.sqrt(np.append(1.0 - 0.9 * share, 1.0 - 0.9 * share.max()))
        weights = np.concatenate([own_weight, pinch_weight])[:, None]
        wanted = np.concatenate([own + self._bases, wanted_pinch])
        joints: FloatArray = self._joints
        start = joints

        def errors(at: FloatArray) -> tuple[FloatArray, float]:
            self._move(at)
            tips = self._data.site_xpos[self._sites]
            error = (weights * (wanted - np.concatenate([tips, tips[:3] - tips[3]]))).ravel()
            cost = (
                error @ error
                + settings.stay * np.sum((at - start) ** 2)
                + self._rest_weight @ (at - self._rest) ** 2
            )
            return error, float(cost)

        # Levenberg-Marquardt with the joints that push out of their range held there.
        error, cost = errors(joints)
        damping = FIRST_DAMPING
        for _ in range(ITERATIONS):
            tips_jacobian = self._jacobians()
            jacobian = np.concatenate([tips_jacobian, tips_jacobian[:3] - tips_jacobian[3]])
            jacobian = (weights[:, :, None] * jacobian).reshape(-1, len(joints))
            gradient = (
                jacobian.T @ error
                + settings.stay * (start - joints)
                + self._rest_weight * (self._rest - joints)
            )
            free = ~((joints <= self._lower) & (gradient < 0.0) | (joints >= self._upper) & (gradient > 0.0))
            part = jacobian[:, free]
            hessian = part.T @ part + np.diag(self._rest_weight[free] + settings.stay + damping)
            tried = joints.copy()
            tried[free] += np.linalg.solve(hessian, gradient[free])
            tried = np.clip(tried, self._lower, self._upper)
            change = float(np.max(np.abs(tried - joints)))
            tried_error, tried_cost = errors(tried)
            if tried_cost < cost:
                joints, error, cost, damping = tried, tried_error, tried_cost, 0.25 * damping
            else:
                self._move(joints)
                damping *= 8.0
            if change < ENOUGH:
                break
        return joints

    def _move(self, joints: FloatArray) -> None:
        self._data.qpos[:] = joints
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)

    def _jacobians(self) -> FloatArray:
        """(4, 3, 16) of the tips."""
        jacobians = np.zeros((len(self._sites), 3, self._model.nv))
        for k, site in enumerate(self._sites):
            mujoco.mj_jacSite(self._model, self._data, jacobians[k], None, site)
        return jacobians

    def _chain_length(self, finger: int) -> float:
        """From the base of a finger to its tip along its links, m."""
        first = JOINTS_PER_FINGER * finger
        bodies = [self._model.body(f"link_{first + k}.0").id for k in range(JOINTS_PER_FINGER)]
        points = np.vstack([self._data.xpos[bodies], self._data.site_xpos[self._sites[finger]]])
        return float(np.sum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
