"""The simulated arm behind the same limiter and interpolator as the real one: a policy cannot tell them
apart.
"""

from __future__ import annotations

from typing import Protocol

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading, JointTarget
from mvp_real.robots.homing import WayHome
from mvp_real.robots.interpolation import TargetInterpolator
from mvp_real.robots.limits import Limits
from mvp_real.robots.safety import Limiter
from mvp_real.robots.table import load_robot
from mvp_real.robots.verdict import DriverState, Verdict

SERVO_PERIOD = 0.004


class ArmWorld(Protocol):
    """What the driver needs of a world; `tasks.pick_fruit_world.PickFruitWorld` is one."""

    @property
    def time(self) -> float:
        """Simulated seconds."""
        ...

    def joint_reading(self) -> JointReading:
        """Measured joints, stamped with `time`."""
        ...

    def set_servo(self, position: FloatArray) -> None:
        """Set-points (8,): angles in rad, gripper opening 0..1."""
        ...

    def advance(self, seconds: float) -> None:
        """Run the physics."""
        ...


class SimulatedArm:
    """`RobotDriver` on a simulated world. Time is the world's; `advance` moves it.

    Args:
        world: The world that holds the arm; call `reset` after each of its resets.
        limits: Numbers of the limiter; the robot's own (no tighter policy limits) if None.
    """

    def __init__(self, world: ArmWorld, limits: Limits | None = None) -> None:
        self.world = world
        self.limits = limits or Limits.from_table(load_robot("xarm7"))
        self.reset()

    def reset(self, limits: Limits | None = None) -> None:
        """Begin anew after the world was reset: disabled, at the measured joints, counters at zero."""
        self.limits = limits or self.limits
        self._limiter = Limiter(self.limits)
        self._interpolator = TargetInterpolator(self.limits.table)
        self._interpolator.reset(self.read().position, self.world.time)
        self._way_home = WayHome()
        self._braked = False

    @property
    def state(self) -> DriverState:
        """Disabled, running, holding or stopped."""
        return self._limiter.state

    @property
    def homing(self) -> bool:
        """Whether the arm is on its way to the start pose."""
        return self._way_home.under_way

    def read(self) -> JointReading:
        """Measured joints now."""
        return self.world.joint_reading()

    def command(self, target: JointTarget) -> Verdict:
        """Hand in a target; the verdict says what the limiter made of it."""
        if self.homing:
            return Verdict(None, self.state, False, "on the way home")
        return self._command(target)

    def _command(self, target: JointTarget) -> Verdict:
        now = self.world.time
        verdict = self._limiter.command(target, self.read(), now)
        if verdict.position is not None:
            self._interpolator.set_target(verdict.position, self.limits.period, now)
        self._brake_when_stopped(verdict)
        return verdict

    def enable(self) -> Verdict:
        """Allow motion, starting from where the arm is."""
        verdict = self._limiter.enable(self.read(), self.world.time)
        if verdict.state is DriverState.RUNNING:
            self._rest_here()
        return verdict

    def disable(self) -> None:
        """End motion without a fault: brake and hold."""
        self._limiter.disable()
        self._way_home.end()
        self._interpolator.brake(self.world.time)

    def stop(self, reason: str) -> None:
        """Brake, hold and latch."""
        self._brake_when_stopped(self._limiter.stop(reason))

    def home(self) -> Verdict:
        """Start moving to the start pose, at limited speed and through the limiter; `homing` tells when it
        is over.

        Enables the arm if needed. Refused while a stop is latched.
        """
        if self.state in (DriverState.DISABLED, DriverState.HOLD):
            verdict = self.enable()
            if verdict.state is not DriverState.RUNNING:
                return verdict
        if self.state is not DriverState.RUNNING:
            return Verdict(None, self.state, False, self._limiter.reason)
        self._way_home.begin(self.read().position, self.limits, self.world.time)
        return Verdict(None, self.state, False, "on the way home")

    def clear_fault(self) -> Verdict:
        """Release a latched stop; the arm is disabled afterwards."""
        return self._limiter.clear_fault(self.read(), self.world.time)

    def diagnostics(self) -> dict[str, str]:
        """State, reason of the last stop and counters, as text."""
        return self._limiter.diagnostics()

    def advance(self, seconds: float) -> None:
        """Run world and servo loop, in steps of 4 ms, the rate at which the real arm takes servo points.

        Raises:
            MvpRealError: `seconds` is not a multiple of 2 ms.
        """
        left = round(seconds * 1000)
        if left % 2 or abs(left / 1000 - seconds) > 1e-9:
            raise MvpRealError(f"cannot advance {seconds} s: needs a multiple of 0.002 s")
        while left > 0:
            self._way_home.feed(self.world.time, self.state, self._command)
            verdict = self._limiter.watch(self.read(), self.world.time)
            self._brake_when_stopped(verdict)
            step = min(left, round(SERVO_PERIOD * 1000))
            left -= step
            # The set-point of the end of the step: the servo reaches it during the step.
            self.world.set_servo(self._interpolator.sample(self.world.time + step / 1000))
            self.world.advance(step / 1000)

    def _rest_here(self) -> None:
        self._interpolator.reset(self.read().position, self.world.time)
        self._braked = False

    def _brake_when_stopped(self, verdict: Verdict) -> None:
        if verdict.state is DriverState.STOPPED and not self._braked:
            self._way_home.end()
            self._interpolator.brake(self.world.time)
            self._braked = True
