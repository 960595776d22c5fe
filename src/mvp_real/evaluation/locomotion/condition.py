"""What a robot is put through: commands, ground, loads, kicks, a weak motor, and what counts as passed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mvp_real.control.locomotion.command import AXES, CommandLimits
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.messages import FloatArray

GROUPS = {
    "walking": "Walking",
    "kicks": "Kicks",
    "loads": "Loads",
    "terrain": "Terrain",
    "steps": "Steps",
    "adaptation": "A weak motor",
    "tracking": "Velocity tracking",
    "fastest": "Fastest command",
}
GROUNDS = ("plane", "rough", "slope", "step")
PARTS = ("torso", "left_hand", "right_hand")
Range = tuple[float, float]
CUT_OFF = CommandLimits().cut_off


@dataclass(frozen=True)
class Ground:
    """What the robot walks on.

    Attributes:
        kind: "plane", "rough" (random heights), "slope" (an endless incline) or "step" (one edge ahead).
        height: Largest bump of rough ground, or rise of the step, m.
        grade: Rise of a slope over its length, e.g. 0.087.
        uphill: Direction of the slope's rise seen from the start, degrees: 0 ahead, 90 to the left, 180 behind.
        distance: From the start to the step's edge, m.
    """

    kind: str = "plane"
    height: float = 0.0
    grade: float = 0.0
    uphill: float = 0.0
    distance: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in GROUNDS:
            raise unknown_name("kind of ground", self.kind, GROUNDS)
        if (self.kind in ("rough", "step")) != (self.height > 0.0) or (self.kind == "slope") != (
            self.grade > 0
        ):
            raise MvpRealError(
                f"ground '{self.kind}' with height {self.height} m and grade {self.grade}: rough ground and steps "
                "need a height, slopes a grade, and nothing else has either"
            )


@dataclass(frozen=True)
class Load:
    """Something that the robot carries.

    Attributes:
        part: "torso" (a box strapped to it), "left_hand" or "right_hand".
        mass: kg.
        size: Half sizes of the box, m.
        position: Centre of the box in the frame of the base, or end of the cord below the hand, m.
        cord: Length of the cord on which it swings from the hand, m; 0 for a rigid load.
    """

    part: str
    mass: float
    size: tuple[float, float, float]
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cord: float = 0.0

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise unknown_name("part that carries a load", self.part, PARTS)
        if self.mass <= 0.0 or min(self.size) <= 0.0 or self.cord < 0.0:
            raise MvpRealError(
                f"load of {self.mass} kg, half sizes {self.size}, cord {self.cord} m: see to its signs"
            )


@dataclass(frozen=True)
class Kicks:
    """Sudden changes of the robot's velocity in a random horizontal direction, m/s, every `interval` s."""

    speed: float
    interval: float


@dataclass(frozen=True)
class GainDrop:
    """From `time` s on, the gains of one motor are the commanded ones times `factor`."""

    motor: str
    factor: float
    time: float


@dataclass(frozen=True)
class Sweep:
    """Commands from `first` to `last` in steps of `step` on one axis; the others are zero."""

    axis: str
    first: float
    last: float
    step: float

    def commands(self) -> list[tuple[float, float, float]]:
        """Every command of the sweep, slowest first."""
        if self.axis not in AXES:
            raise unknown_name("axis of a sweep", self.axis, AXES)
        count = round((self.last - self.first) / self.step) + 1
        found = []
        for k in range(count):
            command = [0.0, 0.0, 0.0]
            command[AXES.index(self.axis)] = round(self.first + k * self.step, 6)
            found.append((command[0], command[1], command[2]))
        return found


@dataclass(frozen=True)
class Box:
    """`count` commands drawn uniformly from a box that is given by its ranges, m/s, m/s and rad/s, then cut off."""

    count: int
    forward: Range
    sideways: Range
    turn: Range

    def commands(self, seed: int) -> list[tuple[float, float, float]]:
        """The commands: always the same ones for a seed."""
        low, high = np.array([self.forward, self.sideways, self.turn]).T
        drawn = np.random.default_rng([seed, 66]).uniform(low, high, (self.count, 3)).round(3)
        drawn[np.abs(drawn) < CUT_OFF] = 0.0
        return [(float(a), float(b), float(c)) for a, b, c in drawn]


@dataclass(frozen=True)
class Hold:
    """What has to be reached; None where nothing is asked.

    Attributes:
        survival: Share of the robots that pass.
        speed_error: Largest mean over the robots of |mean velocity - command|, m/s.
        turn_error: The same of the turn, rad/s.
        recovered: Share of the robots that recover from a gain drop (see `recovery`).
    """

    survival: float | None = None
    speed_error: float | None = None
    turn_error: float | None = None
    recovered: float | None = None


@dataclass(frozen=True)
class Condition:
    """One row of the protocol.

    Attributes:
        name: Its key, e.g. "forward_0.6".
        title: For people.
        group: A key of `GROUPS`.
        seed: Seed of the first robot; robot i of the row has `seed` + i. Rows with equal seeds have equal robots.
        trials: Robots per command.
        commands: (forward m/s, sideways m/s, turn rad/s); robots take them in turn.
        seconds: Duration.
        hold: What has to be reached.
        goal: Distance ahead that both feet must have passed at the end, m; None where surviving is enough.
        friction: Factor on the drawn friction.
    """

    name: str
    title: str
    group: str
    seed: int
    trials: int
    commands: tuple[tuple[float, float, float], ...] = ()
    sweep: Sweep | None = None
    box: Box | None = None
    seconds: float = 20.0
    ground: Ground = Ground()
    friction: float = 1.0
    loads: tuple[Load, ...] = ()
    kicks: Kicks | None = None
    gain_drop: GainDrop | None = None
    goal: float | None = None
    hold: Hold = field(default_factory=Hold)

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise unknown_name(f"group of row '{self.name}'", self.group, GROUPS)
        if (bool(self.commands), self.sweep is not None, self.box is not None).count(True) != 1:
            raise MvpRealError(f"row '{self.name}' needs exactly one of 'commands', 'sweep' and 'box'")
        if self.trials < 1 or self.seconds <= 0.0:
            raise MvpRealError(
                f"row '{self.name}' has {self.trials} trials of {self.seconds} s; needs some of each"
            )
        if self.gain_drop is not None and not 0.0 < self.gain_drop.time < self.seconds:
            raise MvpRealError(
                f"row '{self.name}': gain drop at {self.gain_drop.time} s of {self.seconds} s never shows"
            )

        for command in self.variants:
            if any(0.0 < abs(value) < least - 1e-9 for value, least in zip(command, CUT_OFF, strict=True)):
                raise MvpRealError(
                    f"row '{self.name}': of the command {command} something is below the cut-off {CUT_OFF} and would "
                    "become zero"
                )

    @property
    def variants(self) -> list[tuple[float, float, float]]:
        """The different commands."""
        if self.sweep is not None:
            return self.sweep.commands()
        return self.box.commands(self.seed) if self.box is not None else list(self.commands)

    @property
    def robots(self) -> int:
        """Number of trials."""
        return self.trials * len(self.variants)

    def command_of(self, index: int) -> tuple[float, float, float]:
        """Command of robot `index`."""
        return self.variants[index // self.trials]

    def command_array(self) -> FloatArray:
        """(robots, 3) commands."""
        return np.repeat(np.array(self.variants, dtype=np.float64), self.trials, axis=0)

    @property
    def seeds(self) -> range:
        """Seeds of the robots."""
        return range(self.seed, self.seed + self.robots)
