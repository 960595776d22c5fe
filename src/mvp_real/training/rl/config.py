"""Everything that decides a reinforcement-learning run, read from `config/train/digit_*.yaml`."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.networks.causal_transformer import preset
from mvp_real.networks.gaussian_actor import SOURCES
from mvp_real.networks.mlp_policy import ACTIVATIONS
from mvp_real.networks.students import KINDS
from mvp_real.training.rl.mirroring import SYMMETRIES
from mvp_real.training.rl.reference_initialisation import ReferenceConfig

SCHEDULES = ("constant", "cosine", "adaptive")
ADAPTATIONS = ("minibatch", "update")
PRECISIONS = ("float32", "bfloat16")
Settings = TypeVar("Settings")


@dataclass(frozen=True)
class PpoConfig:
    """Proximal policy optimisation (defaults: Xiao 2023, Table 6.4; 1.0 where the thesis is silent, as legged_gym).

    Attributes:
        steps: Control steps per environment and iteration.
        epochs, minibatches: Passes over a rollout, and parts per pass.
        clip: Of the probability ratio.
        actor_schedule: "cosine" to zero over all iterations, "constant", or "adaptive": by the divergence of the new
            policy from the old one.
        desired_kl: Divergence of a whole update that "adaptive" aims at.
        adapt: When "adaptive" changes the rate: after every "minibatch", as rsl_rl, which in an update of many
            minibatches first raises it, then overshoots the aim several times and lowers it again; or once after each
            "update", by the divergence at its end.
        critic_schedule: "constant" or "cosine"; with an adaptive actor "adaptive" follows it.
        gradient_clip: Largest gradient norm, of actor and critic each.
        normalise_advantage: Over the whole rollout.
        policy_coefficient: Weight of the policy's own loss; 0 leaves only the imitation of a teacher.
        every_position: For a policy with a window: take its loss at all tokens, not only at the last.
        normaliser_iterations: The input normalisers stop learning after so many iterations; 0 never.
    """

    steps: int = 24
    epochs: int = 5
    minibatches: int = 4
    discount: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    actor_learning_rate: float = 5e-4
    critic_learning_rate: float = 5e-4
    actor_schedule: str = "cosine"
    critic_schedule: str = "constant"
    desired_kl: float = 0.02
    adapt: str = "minibatch"
    weight_decay: float = 0.01
    entropy_coefficient: float = 0.001
    value_coefficient: float = 1.0
    policy_coefficient: float = 1.0
    every_position: bool = False
    gradient_clip: float = 1.0
    normalise_input: bool = True
    normalise_value: bool = True
    normalise_advantage: bool = True
    normaliser_iterations: int = 0

    def __post_init__(self) -> None:
        for schedule in (self.actor_schedule, self.critic_schedule):
            if schedule not in SCHEDULES:
                raise unknown_name("schedule", schedule, SCHEDULES)
        if self.adapt not in ADAPTATIONS:
            raise unknown_name("time to adapt", self.adapt, ADAPTATIONS)
        if self.critic_schedule == "adaptive" and self.actor_schedule != "adaptive":
            raise MvpRealError(
                "an adaptive critic_schedule follows the actor's; make actor_schedule adaptive too"
            )


@dataclass(frozen=True)
class ActorConfig:
    """The policy.

    Attributes:
        source: "observation" or "state" for an MLP, "tokens" for a student, a network with a window.
        hidden, activation: Of an MLP.
        unseen: Groups of the state that the policy does not read, by the environment's names.
        student: Kind of the student, one of `mvp_real.networks.students.KINDS`.
        size: Its size, a preset of the Transformer; other kinds get as many parameters.
        window: Tokens it sees.
        symmetry: "phase": exactly symmetric, a policy that sees only the first half of the gait; "augmentation": every
            minibatch holds its mirror image too; or "none".
        initial_std: Standard deviation of the action at the start, times the environment's `exploration` if it has one.
        std_floor: It never gets smaller.
        final_std: It may not be larger than a line from `initial_std` to this, reached at `anneal_until`; 0 for no
            such bound.
        anneal_until: Share of all iterations.
    """

    source: str = "observation"
    hidden: tuple[int, ...] = (256, 128)
    activation: str = "elu"
    unseen: tuple[str, ...] = ()
    student: str = "transformer"
    size: str = "small"
    window: int = 16
    symmetry: str = "none"
    initial_std: float = 0.6
    std_floor: float = 0.02
    final_std: float = 0.0
    anneal_until: float = 1.0

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise unknown_name("source of the policy", self.source, SOURCES)
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)
        if self.student not in KINDS:
            raise unknown_name("kind of student", self.student, KINDS)
        preset(self.size)
        if self.symmetry not in SYMMETRIES:
            raise unknown_name("symmetry", self.symmetry, SYMMETRIES)
        if not 0.0 < self.std_floor <= self.initial_std:
            raise MvpRealError(
                f"std_floor {self.std_floor} must be positive and at most initial_std {self.initial_std}"
            )

    def std_ceiling(self, progress: float) -> float:
        """Largest standard deviation at a share `progress` of the run."""
        if not self.final_std:
            return float("inf")
        share = min(1.0, progress / self.anneal_until)
        return max(self.std_floor, self.initial_std + share * (self.final_std - self.initial_std))


@dataclass(frozen=True)
class CriticConfig:
    """The value function, always on the privileged state."""

    hidden: tuple[int, ...] = (256, 128)
    activation: str = "elu"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)


@dataclass(frozen=True)
class ImitationConfig:
    """The divergence from a teacher in the loss of a student (Xiao 2023, eq. 6.2).

    Attributes:
        teacher: Folder of the run that trained the teacher, a policy on the state.
        weight: lambda at the start.
        until: Share of all iterations at which it has fallen to zero, on a line.
    """

    teacher: str = ""
    weight: float = 1.0
    until: float = 0.5

    def at(self, progress: float) -> float:
        """lambda: over 6000 iterations 1, .75, .5, 0, 0 at 0, 750, 1500, 3000, 4500."""
        return self.weight * max(0.0, 1.0 - progress / self.until)


@dataclass(frozen=True)
class DistillationConfig:
    """Supervised learning of a student from a teacher, on the states that the student gets into (DAgger, Ross 2011).

    Attributes:
        teacher: Folder of the run that trained the teacher, a policy on the state.
        steps: Control steps per environment and iteration.
        memory: Control steps of all robots together that are kept; older ones are overwritten.
        updates: Steps of the optimiser per iteration.
        batch: Windows per step.
        every_position: Take the loss at all tokens of a window, not only at the last.
        teacher_iterations: The share of robots that the teacher drives falls from 1 to 0 on a line over so many.
        noise: Standard deviation of what is added to the actions, share of the teacher's.
        learning_rate: Falling to zero on a cosine over all iterations.
        precision: Of the student's matrix products while it learns: float32, or bfloat16, which is faster on
            processors that know it. Weights and loss stay float32.
    """

    teacher: str = ""
    steps: int = 24
    memory: int = 300_000
    updates: int = 24
    batch: int = 256
    every_position: bool = True
    teacher_iterations: int = 5
    noise: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)


@dataclass(frozen=True)
class RlConfig:
    """One run.

    Attributes:
        environment: Settings of the environment, passed on to it.
        curriculum: Stages of the environment, passed on to it.
        reference: Fit the fresh policy to the environment's reference first, or None.
        imitation: Of a teacher, or None.
        distillation: Instead of PPO, or None.
        start_from: Folder of a run whose networks this one begins with; empty for fresh ones.
        iterations: Rollouts of the whole run; the schedules end there.
        checkpoint_minutes: Time between checkpoints.
        threads: For torch.
    """

    environment: dict[str, Any] = field(default_factory=dict)
    curriculum: tuple[dict[str, Any], ...] = ()
    ppo: PpoConfig = field(default_factory=PpoConfig)
    actor: ActorConfig = field(default_factory=ActorConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    reference: ReferenceConfig | None = None
    imitation: ImitationConfig | None = None
    distillation: DistillationConfig | None = None
    start_from: str = ""
    iterations: int = 6000
    seed: int = 1
    threads: int = 1
    checkpoint_minutes: float = 5.0

    def as_dict(self) -> dict[str, Any]:
        """Plain YAML types; `settings_from` reads them back."""
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        return plain

    def training_settings(self) -> dict[str, Any]:
        """What decides the weights: everything but how often a run saves and on how many threads it runs."""
        aside = {"checkpoint_minutes", "threads"}
        return {key: value for key, value in self.as_dict().items() if key not in aside}


def load_rl_config(path: Path) -> RlConfig:
    """Read a YAML file of `RlConfig` fields.

    Raises:
        MvpRealError: The file cannot be read, a setting does not exist (near ones are suggested) or has the wrong type.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise MvpRealError(f"cannot read the settings '{path}': {error}") from error
    return settings_from(RlConfig, values, str(path))


def settings_from(kind: type[Settings], values: Any, place: str = "settings") -> Settings:
    """A settings dataclass from a mapping, checked against the fields' types, sections included.

    Args:
        kind: The dataclass.
        values: Field values; nested dataclasses as mappings.
        place: Where the values stand, for the error.
    """
    if not isinstance(values, dict):
        raise MvpRealError(f"{place} must be a mapping of settings, got {type(values).__name__}")
    hints = typing.get_type_hints(kind)
    checked = {}
    for name, value in values.items():
        if name not in hints:
            raise unknown_name(f"setting in {place}", str(name), hints)
        checked[name] = _checked(f"{place}: {name}", value, hints[name])
    return kind(**checked)


def _checked(place: str, value: Any, kind: Any) -> Any:
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind = next(option for option in typing.get_args(kind) if option is not type(None))
    if dataclasses.is_dataclass(kind):
        return settings_from(typing.cast(type, kind), value, place)
    if typing.get_origin(kind) is tuple:
        items = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_checked(place, item, typing.get_args(kind)[0]) for item in items)
    if typing.get_origin(kind) is dict:
        kind = dict
    if kind is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)  # YAML 1.1 reads 1e-3 (without a dot) as text.
        except ValueError:
            pass
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise MvpRealError(f"{place} must be a {kind.__name__}, got {value!r}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
