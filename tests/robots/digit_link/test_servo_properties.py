"""The servo under any commands, measurements and order of requests."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.messages import PdCommand
from mvp_real.robots.verdict import DriverState

from .samples import TABLE
from .servo_bench import Bench, assert_damps


@given(st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=20), st.floats(-10, 10), st.floats(0, 100))
def test_whatever_is_commanded_and_measured_nothing_out_of_limits_is_sent(
    targets: list[float], moved: float, gain: float
) -> None:
    bench = Bench()
    bench.walk()
    bench.servo.command(PdCommand(np.array(targets), gain * TABLE.kp, gain * TABLE.kd, bench.now), bench.now)
    sent = bench.tick(motor_position=TABLE.default_pose + moved)
    assert sent is not None
    assert np.all(np.abs(sent.torque) <= TABLE.torque_limit)
    assert np.all((sent.damping >= 0.5 * TABLE.kd) & (sent.damping <= 1.5 * TABLE.kd))


requests = st.lists(
    st.sampled_from(
        [
            "enable",
            "disable",
            "stop",
            "clear",
            "home",
            "command",
            "far",
            "leave",
            "silence",
            "lose",
            "fall",
            "tick",
        ]
    ),
    max_size=25,
)


@given(requests)
def test_nothing_is_applied_after_a_stop_until_enabled_again(order: list[str]) -> None:
    """Whatever the order: a motor only follows the policy between `enable` and the next stop."""
    bench = Bench()
    for what in order:
        if what == "tick":
            bench.tick(30)
        elif what == "command":
            bench.command()
        elif what == "far":
            bench.command(shift=3.0)
        elif what == "enable":
            bench.servo.enable(bench.now)
        elif what == "leave":
            bench.servo.limiter.leave()
        elif what == "clear":
            bench.servo.clear_fault(bench.now)
        elif what == "lose":
            bench.servo.disconnected("gone")
        elif what in ("disable", "home"):
            getattr(bench.servo, what)()
        elif what == "stop":
            bench.servo.stop("stopped by the operator")
        changes = {"base_position": np.array([0.0, 0.0, 0.3 if what == "fall" else 1.03])}
        sent = bench.tick(silence=0.2 if what == "silence" else 0.0, **changes)
        moving = bench.state in (DriverState.RUNNING, DriverState.HOLD)
        if sent is not None and sent.apply and not moving:
            assert_damps(sent)
        if bench.state is DriverState.DISABLED:
            assert sent is None or not sent.apply
