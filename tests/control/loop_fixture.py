"""A controller's card and an arm that lags behind its set-points, for the loop."""

from __future__ import annotations

import numpy as np

from mvp_real.bundle import Action, Asset, Card, EncoderReference, ImageInput, Tensor
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.messages import JointReading, JointTarget
from mvp_real.robots.interpolation import TargetInterpolator
from mvp_real.robots.safety import DriverState, Limiter, Limits, Verdict
from mvp_real.robots.table import RobotTable

DIGEST = "ab" * 32


def controller_card(table: RobotTable, delta_reference: str = "measured") -> Card:
    image = Preprocessing().for_card()
    return Card(
        kind="controller",
        name="pick_fruit",
        summary="For tests.",
        licence="Apache-2.0",
        model=Asset("", ""),
        weights=Asset("", ""),
        inputs=(Tensor("feature", (2, 3)), Tensor("proprioception", (8,))),
        outputs=(Tensor("action", (8,)),),
        task="pick_fruit",
        robot="xarm7",
        encoder=EncoderReference("small", DIGEST, image.hash),
        readout="flat",
        action=Action(table.joint_names, 0.2, 0.2, delta_reference, (0.15,) * 7),
    )


def encoder_card(image: ImageInput | None = None) -> Card:
    return Card(
        kind="encoder",
        name="small",
        summary="For tests.",
        licence="Apache-2.0",
        model=Asset("model.onnx", DIGEST),
        weights=Asset("", ""),
        inputs=(Tensor("image", (3, 96, 96)),),
        outputs=(Tensor("tokens", (2, 3)),),
        image=image or Preprocessing().for_card(),
    )


class LaggingArm:
    """A driver without physics: limiter, interpolator, and joints that follow with a first-order lag.

    Args:
        table: The robot.
        lag: Time constant, s; 0 follows at once.
        blocked: Joints that do not move at all.
    """

    SERVO = 0.004

    def __init__(self, table: RobotTable, lag: float = 0.0, blocked: tuple[int, ...] = ()) -> None:
        self.table = table
        self.limiter = Limiter(Limits.from_table(table))
        self.interpolator = TargetInterpolator(table)
        self.now = 0.0
        self.position = table.home.copy()
        self.blocked = list(blocked)
        self._share = 1.0 if lag == 0.0 else 1.0 - float(np.exp(-self.SERVO / lag))

    def read(self) -> JointReading:
        return JointReading(self.table.joint_names, self.position.copy(), None, self.now)

    def enable(self) -> None:
        self.limiter.enable(self.read(), self.now)
        self.interpolator.reset(self.position, self.now)

    def command(self, target: JointTarget) -> Verdict:
        verdict = self.limiter.command(target, self.read(), self.now)
        if verdict.position is not None:
            self.interpolator.set_target(verdict.position, target.duration, self.now)
        return verdict

    def advance(self, seconds: float) -> None:
        for _ in range(round(seconds / self.SERVO)):
            self.now += self.SERVO
            if self.limiter.watch(self.read(), self.now).state is DriverState.STOPPED:
                continue
            change = self._share * (self.interpolator.sample(self.now) - self.position)
            change[self.blocked] = 0.0
            self.position = self.position + change
