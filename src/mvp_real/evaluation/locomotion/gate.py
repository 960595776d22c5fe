"""A fast look at a policy while it trains: a few robots of the validation block in the full model.

Meant to be called every ten minutes, to keep the checkpoint that walks best where it will be judged, rather than the
one with the highest training reward. The held-out robots are never used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvp_real.control.locomotion.gait_clock import GAIT_PERIOD
from mvp_real.evaluation.locomotion.condition import Condition, Ground, Kicks
from mvp_real.evaluation.locomotion.policies import WalkPolicy
from mvp_real.evaluation.locomotion.protocol_file import load_protocol
from mvp_real.evaluation.locomotion.rollout import run_row
from mvp_real.evaluation.locomotion.tracking import SHORTEST, tracking
from mvp_real.evaluation.locomotion.trajectory import Trajectory

Command = tuple[float, float, float]
COMMANDS: tuple[Command, ...] = (
    (0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.6, 0.0, 0.0), (1.0, 0.0, 0.0), (-0.3, 0.0, 0.0), (0.0, 0.3, 0.0),
    (0.0, 0.0, -1.0), (0.5, -0.2, 0.5),
)  # fmt: skip
OFFSET = 9000  # of the gate's robots in the validation block; the rows of the protocol are below it


@dataclass(frozen=True)
class CommandResult:
    """One command.

    Attributes:
        command: Forward m/s, sideways m/s, turn rad/s.
        survived, robots: Who stayed on their feet.
        seconds: Mean time on their feet, s.
        velocity: Mean (forward, sideways, turn) of those that walked long enough; None if nobody did.
        speed_error, turn_error: Means over the same robots, m/s and rad/s.
    """

    command: Command
    survived: int
    robots: int
    seconds: float
    velocity: tuple[float, float, float] | None
    speed_error: float | None
    turn_error: float | None


@dataclass(frozen=True)
class GateResult:
    """What the gate says of a policy.

    Attributes:
        commands: Command by command.
        seconds: Duration of each, s.
    """

    commands: tuple[CommandResult, ...]
    seconds: float

    @property
    def survival(self) -> float:
        """Share of the robots that stayed on their feet."""
        return sum(one.survived for one in self.commands) / sum(one.robots for one in self.commands)

    @property
    def score(self) -> float:
        """One number to keep the best checkpoint by, from 0 to 1: share of the time on the feet, less for errors.

        Each command counts alike: its mean time on the feet over the duration, times 1 - error / 0.5 m/s and
        1 - turn error / 1 rad/s, neither below zero. Falling is worse than any error of a robot that keeps walking.
        """
        total = 0.0
        for one in self.commands:
            alive = one.seconds / self.seconds
            if one.speed_error is None or one.turn_error is None:
                total += 0.5 * alive
            else:
                close = max(0.0, 1.0 - one.speed_error / 0.5) * max(0.0, 1.0 - one.turn_error)
                total += alive * (0.5 + 0.5 * close)
        return total / len(self.commands)

    def table(self) -> str:
        """The result as text, a line per command."""
        lines = ["forward sideways  turn   on feet    s   achieved"]
        for one in self.commands:
            achieved = "" if one.velocity is None else "{:+.2f} {:+.2f} {:+.2f}".format(*one.velocity)
            lines.append(
                "{:+7.2f} {:+8.2f} {:+5.2f}   ".format(*one.command)
                + f"{one.survived:>3}/{one.robots:<3} {one.seconds:4.1f}   {achieved}"
            )
        return "\n".join([*lines, f"survival {100 * self.survival:.0f} %, score {self.score:.3f}"])


def gate(
    policy: WalkPolicy,
    robots: int = 16,
    seconds: float = 20.0,
    commands: Sequence[Command] = COMMANDS,
    kicks: Kicks | None = None,
    gait_period: float = GAIT_PERIOD,
    threads: int = 1,
    ground: Ground | None = None,
    shift: int = 0,
) -> GateResult:
    """Walk robots of the validation block with a policy; about 1 ms of one core per robot and control step.

    Args:
        policy: `(observation (N, 66), previous_action (N, 36), reset (N,)) -> action (N, 36)`, numpy in and out.
        robots: Robots in all; they are dealt out to the commands, at least one each.
        seconds: Duration, s.
        commands: (forward m/s, sideways m/s, turn rad/s) each.
        kicks: Kicks, if any.
        gait_period: s of the policy's clock.
        threads: Threads of the simulator.
        ground: What they walk on; None for a plane.
        shift: Moves on to other robots of the gate's own part of the block, e.g. to confirm a choice.

    Raises:
        MvpRealError: The policy gave an array of the wrong shape, or a command is below the cut-off.
    """
    protocol = load_protocol()
    each = max(robots // len(commands), 1)
    row = Condition(
        name="gate",
        title="Gate",
        group="walking",
        seed=protocol.blocks["validation"][0] + OFFSET + shift,
        trials=each,
        commands=tuple(commands),
        seconds=seconds,
        kicks=kicks,
        ground=ground or Ground(),
    )
    settling = min(protocol.settling, max(seconds - SHORTEST, 0.0))
    walk = run_row(row, protocol.robots, policy, settling, gait_period, threads)
    results = [
        _result(walk, command, range(place * each, (place + 1) * each))
        for place, command in enumerate(commands)
    ]
    return GateResult(tuple(results), seconds)


def _result(walk: Trajectory, command: Command, robots: range) -> CommandResult:
    tracked = [found for robot in robots if (found := tracking(walk, robot)) is not None]

    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in tracked]))

    return CommandResult(
        command,
        int(sum(not walk.fell[robot] for robot in robots)),
        len(robots),
        float(np.mean([walk.seconds(robot) for robot in robots])),
        (mean("forward"), mean("sideways"), mean("turn")) if tracked else None,
        mean("speed_error") if tracked else None,
        mean("turn_error") if tracked else None,
    )
