"""What a tick may act on: the newest feature and the joint reading that belongs to it, or why there is
none.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from mvp_real.messages import Feature, FloatArray, JointReading

CLOCK_TOLERANCE = 0.01  # s; a stamp further in the future means that a clock has jumped

RESTARTED = 0.5  # s; a stamp this far behind the newest one is a restarted clock and no late message


@dataclass(frozen=True)
class InputLimits:
    """How old and how different the inputs of one tick may be (specification, rules 2 and 5).

    Attributes:
        image_age: Oldest image, s.
        joint_age: Oldest joint reading, s.
        skew: Largest difference of their stamps, s.
        frozen_ticks: Ticks in a row with the same image that count as a frozen camera.
        stillness: Motion of a joint below which equal image bytes prove nothing, rad. A camera on the wrist
            must see a change when the arm moves; a simulated camera without noise sees none when it does not.
    """

    image_age: float = 0.1
    joint_age: float = 0.05
    skew: float = 0.05
    frozen_ticks: int = 3
    stillness: float = 0.004


@dataclass(frozen=True)
class Fault:
    """Why a tick has no inputs. `error` marks what should never happen, as opposed to lateness."""

    reason: str
    error: bool = False


@dataclass(frozen=True)
class TickInputs:
    """Inputs of one tick and their ages, s."""

    feature: Feature
    joints: JointReading
    image_age: float
    joint_age: float


class InputBuffer:
    """Newest feature and recent joint readings of one policy.

    Args:
        names: Joint names in order.
        feature_shape: (T, D).
        limits: Ages and counts.
    """

    def __init__(self, names: tuple[str, ...], feature_shape: tuple[int, ...], limits: InputLimits) -> None:
        self.limits = limits
        self.out_of_order = 0
        self._names = names
        self._shape = feature_shape
        self._feature: Feature | None = None
        self._readings: deque[JointReading] = deque(maxlen=64)
        self._feature_fault = ""
        self._joint_fault = ""
        self._same_stamp = self._same_bytes = 0
        self._seen_stamp = float("nan")
        self._seen_bytes = b""
        self._seen_position: FloatArray = np.zeros(len(names))

    def feature(self, feature: Feature) -> None:
        """Take a feature; one that is malformed is refused and remembered as a fault."""
        tokens = feature.tokens
        if tokens.shape != self._shape:
            self._feature_fault = f"feature has shape {tokens.shape}; the controller reads {self._shape}"
        elif not np.all(np.isfinite(tokens)):
            self._feature_fault = "feature is not finite"
        elif self._feature is not None and -RESTARTED < feature.stamp - self._feature.stamp < 0.0:
            self.out_of_order += 1
        else:
            self._feature, self._feature_fault = feature, ""

    def refuse_feature(self, reason: str) -> None:
        """Note that a feature came which must not be used; a fault until the next good one."""
        self._feature_fault = reason

    def joints(self, reading: JointReading) -> None:
        """Take a joint reading; one that is malformed is refused and remembered as a fault."""
        if reading.names != self._names:
            self._joint_fault = (
                f"joint state names {', '.join(reading.names)}; expected {', '.join(self._names)}"
            )
        elif reading.position.shape != (len(self._names),):
            self._joint_fault = (
                f"joint state has shape {reading.position.shape}; expected ({len(self._names)},)"
            )
        elif not np.all(np.isfinite(reading.position)):
            self._joint_fault = f"joint state is not finite: {reading.position.tolist()}"
        elif self._readings and -RESTARTED < reading.stamp - self._readings[-1].stamp < 0.0:
            self.out_of_order += 1
        else:
            if self._readings and reading.stamp < self._readings[-1].stamp:
                self._readings.clear()
            self._readings.append(reading)
            self._joint_fault = ""

    def take(self, now: float) -> TickInputs | Fault:
        """Inputs for a tick at `now`. Call it once per tick: it also counts repeated images."""
        fault = self._from_the_future(now)
        if fault:
            return Fault(fault, error=True)
        if self._feature_fault or self._joint_fault:
            return Fault(self._feature_fault or self._joint_fault, error=True)
        if not self._readings:
            return Fault("no joint state yet")
        if self._feature is None:
            return Fault("no image feature yet")
        limits = self.limits
        image_age = now - self._feature.stamp
        newest_age = now - self._readings[-1].stamp
        frozen = self._frozen(self._feature, self._readings[-1].position)
        if newest_age > limits.joint_age:
            return Fault(f"joint state is {newest_age:.3f} s old; the limit is {limits.joint_age:.3f} s")
        if image_age > limits.image_age:
            return Fault(f"image is {image_age:.3f} s old; the limit is {limits.image_age:.3f} s")
        if frozen:
            return Fault(frozen, error=True)
        # The state that belongs to the image, as in the demonstrations, among those that are fresh enough.
        stamp = self._feature.stamp
        fresh = [r for r in self._readings if now - r.stamp <= limits.joint_age]
        joints = min(fresh, key=lambda r: abs(r.stamp - stamp))
        skew = abs(joints.stamp - stamp)
        if skew > limits.skew:
            return Fault(f"image and joint state are {skew:.3f} s apart; the limit is {limits.skew:.3f} s")
        return TickInputs(self._feature, joints, image_age, now - joints.stamp)

    def forget(self) -> None:
        """Drop everything, e.g. after the clock jumped."""
        self._feature = None
        self._readings.clear()
        self._feature_fault = self._joint_fault = ""
        self._same_stamp = self._same_bytes = 0

    def _from_the_future(self, now: float) -> str:
        for kind, stamp in (
            ("image", self._feature.stamp if self._feature else now),
            ("joint state", self._readings[-1].stamp if self._readings else now),
        ):
            if stamp > now + CLOCK_TOLERANCE:
                self.forget()  # else every new stamp would look out of order until the clock has caught up
                return f"stamp of the {kind} lies {stamp - now:.3f} s in the future: a clock has jumped"
        return ""

    def _frozen(self, feature: Feature, position: FloatArray) -> str:
        """Count ticks with the same image; what is frozen, or an empty string."""
        self._same_stamp = self._same_stamp + 1 if feature.stamp == self._seen_stamp else 1
        self._seen_stamp = feature.stamp
        # A feature of a single number carries no image (the baseline without one).
        if feature.tokens.size > 1 and feature.tokens.tobytes() == self._seen_bytes:
            self._same_bytes += 1
        else:
            self._same_bytes = 1
            self._seen_bytes = feature.tokens.tobytes()
            self._seen_position = position
        if self._same_stamp >= self.limits.frozen_ticks:
            return f"the same image on {self._same_stamp} ticks: the camera is frozen"
        moved = float(np.max(np.abs(position[:-1] - self._seen_position[:-1])))
        if self._same_bytes >= self.limits.frozen_ticks and moved > self.limits.stillness:
            return (
                f"the same image content on {self._same_bytes} ticks though the arm moved {moved:.3f} rad: "
                "the camera is frozen"
            )
        return ""
