"""A student learns what the teacher knows from the state, by distillation and by PPO with a divergence to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.errors import MvpRealError
from mvp_real.training.rl.actor_inputs import WindowInputs
from mvp_real.training.rl.build import build_actor, load_actor
from mvp_real.training.rl.collector import Collector
from mvp_real.training.rl.config import ImitationConfig, RlConfig
from mvp_real.training.rl.distillation import DistillationTrainer
from mvp_real.training.rl.distillation_memory import DistillationMemory
from mvp_real.training.rl.trainer import PpoTrainer
from tests.training.rl.conftest import settings
from tests.training.rl.gait_mass import GaitMass
from tests.training.rl.point_mass import PointMass

STUDENT = {"source": "tokens", "student": "stacked_mlp", "size": "tiny", "std_floor": 0.05}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy on the state that reads only what the observation holds too, so that a student can equal it."""
    folder = tmp_path_factory.mktemp("teacher")
    trainer = PpoTrainer(PointMass(), settings(actor={"source": "state", "hidden": [16]}), folder)
    for _ in range(2):
        trainer.step()
    with torch.no_grad():
        trainer.actor.network.layers[0].weight[:, 4:] = 0.0  # type: ignore[union-attr, index]
        trainer.actor.network.layers[-1].weight.mul_(20.0)  # type: ignore[union-attr, index]
    trainer.save()
    return folder


def distilling(teacher: Path, **changes: object) -> RlConfig:
    section = {"teacher": str(teacher), "steps": 8, "updates": 16, "batch": 64, "memory": 2000}
    section["learning_rate"] = 5e-3
    section |= changes.pop("distillation", {})  # type: ignore[call-overload]
    return settings(**{"actor": STUDENT, "iterations": 12, **changes, "distillation": section})


@pytest.mark.parametrize(
    ("student", "every_position", "precision"),
    [
        ("transformer", True, "float32"),
        ("transformer", False, "float32"),
        ("stacked_mlp", True, "float32"),
        ("stacked_mlp", False, "float32"),
        ("transformer", True, "bfloat16"),
        ("lstm", True, "bfloat16"),
    ],
)
def test_the_student_comes_close_to_the_teacher(
    tmp_path: Path, teacher: Path, student: str, every_position: bool, precision: str
) -> None:
    section = {"every_position": every_position, "precision": precision}
    config = distilling(teacher, actor={**STUDENT, "student": student}, distillation=section)
    trainer = DistillationTrainer(PointMass(), config, tmp_path)
    rows = [trainer.step() for _ in range(12)]
    variance = float(trainer.memory.mean[: trainer.memory.filled].var())
    assert all(parameter.dtype == torch.float32 for parameter in trainer.student.parameters())
    assert rows[0]["error"] > 0.8 * variance
    assert rows[-1]["error"] < 0.15 * variance
    assert rows[-1]["divergence"] < 0.15 * rows[0]["divergence"]
    assert [row["teacher_share"] for row in rows[:6]] == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.0])


def test_a_resumed_distillation_equals_an_uninterrupted_one(tmp_path: Path, teacher: Path) -> None:
    config = distilling(teacher, iterations=6)
    whole = DistillationTrainer(PointMass(), config, tmp_path / "whole")
    whole.train()
    first = DistillationTrainer(PointMass(), config, tmp_path / "parts")
    for _ in range(3):
        first.step()
    first.save()
    second = DistillationTrainer(PointMass(seed=5), config, tmp_path / "parts", resume=True)
    second.train()
    for name, value in whole.student.state_dict().items():
        assert torch.equal(second.student.state_dict()[name], value), name
    assert second.memory.written == whole.memory.written == 48


def test_mirrored_teacher_and_student_agree_in_the_robots_frame(tmp_path: Path) -> None:
    mirrored = settings(actor={"source": "state", "symmetry": "phase", "hidden": [16]})
    master = PpoTrainer(GaitMass(), mirrored, tmp_path / "teacher")
    for _ in range(3):
        master.step()
    with torch.no_grad():
        master.actor.log_std[0] -= 0.7
    master.save()
    config = distilling(tmp_path / "teacher", actor={**STUDENT, "symmetry": "phase"})
    trainer = DistillationTrainer(GaitMass(), config, tmp_path / "student")
    trainer.step()
    row, robot, mask = trainer.memory.draw(64, trainer.window, trainer.generator)
    trainer.settings.__dict__["every_position"] = False
    with torch.no_grad():
        mean, wanted, spread = trainer.predictions(row, robot, mask)
        tokens = trainer.memory.token[row, robot]
        flip = trainer.student.frame(tokens)
        robots = trainer.student(tokens, mask)
    torch.testing.assert_close(trainer.student.action_in_frame(mean, flip), robots)
    expected = trainer.memory.mean[row[:, -1], robot[:, 0]]
    torch.testing.assert_close(trainer.student.action_in_frame(wanted, flip), expected)
    # The teacher's frame is the student's, as both read the same clock.
    torch.testing.assert_close(spread, trainer.teacher.log_std.expand_as(spread))


def test_windows_of_the_memory_stop_at_episodes_and_at_its_beginning() -> None:
    memory = DistillationMemory(6, 2, 1, 1, torch.device("cpu"))
    for step in range(8):  # the ring now holds steps 2 to 7; robot 1 began a new episode at step 5
        age = torch.tensor([step, step - 5 if step >= 5 else step])
        memory.add(torch.full((2, 1), float(step)), age, torch.zeros(2, 1), torch.zeros(2, dtype=torch.bool))
    row, robot, mask = memory.draw(500, 4, torch.Generator().manual_seed(0))
    token = memory.token[row, robot][..., 0]
    last = token[:, -1:]
    assert set(last.flatten().tolist()) == {2.0, 3.0, 4.0, 5.0, 6.0, 7.0}
    assert mask[:, -1].all()
    assert torch.equal(token[mask], (last - torch.arange(3, -1, -1))[mask])
    first = torch.where((robot == 1) & (last >= 5), 5.0, 2.0)
    assert torch.equal(mask, last - torch.arange(3, -1, -1) >= first)


def test_a_teacher_of_another_gait_is_refused(tmp_path: Path, teacher: Path) -> None:
    config = distilling(teacher, environment={"gait": {"clearance": 0.16}})
    with pytest.raises(MvpRealError, match=r"foot targets of environment\.gait"):
        DistillationTrainer(PointMass(), config, tmp_path)


def test_an_unknown_precision_is_named(teacher: Path) -> None:
    with pytest.raises(MvpRealError, match="unknown precision 'float16'"):
        distilling(teacher, distillation={"precision": "float16"})


def test_a_distillation_needs_a_teacher_on_the_state(tmp_path: Path) -> None:
    blind = PpoTrainer(PointMass(), settings(), tmp_path / "blind")
    blind.save()
    with pytest.raises(MvpRealError, match="sees observation; it must see the state"):
        DistillationTrainer(PointMass(), distilling(tmp_path / "blind"), tmp_path / "student")
    with pytest.raises(MvpRealError, match="actor with source 'tokens'"):
        DistillationTrainer(PointMass(), settings(), tmp_path / "student")


def test_the_weight_of_the_teacher_falls_to_zero_at_mid_training() -> None:
    weights = [ImitationConfig().at(iteration / 6000) for iteration in (0, 750, 1500, 3000, 4500)]
    assert weights == pytest.approx([1.0, 0.75, 0.5, 0.0, 0.0])


@pytest.mark.parametrize("every_position", [True, False])
def test_ppo_with_divergence_draws_the_student_to_the_teacher(
    tmp_path: Path, teacher: Path, every_position: bool
) -> None:
    config = settings(
        actor=STUDENT,
        ppo={"policy_coefficient": 0.0, "actor_schedule": "constant", "actor_learning_rate": 3e-3}
        | {"every_position": every_position},
        imitation={"teacher": str(teacher), "until": 1.0},
    )
    trainer = PpoTrainer(PointMass(), config, tmp_path)
    rows = [trainer.step() for _ in range(12)]
    assert rows[-1]["imitation_loss"] < 0.5 * rows[0]["imitation_loss"]


def test_without_weight_the_teacher_is_not_asked(tmp_path: Path, teacher: Path) -> None:
    plain = PpoTrainer(PointMass(), settings(actor=STUDENT), tmp_path / "plain")
    drawn = PpoTrainer(
        PointMass(),
        settings(actor=STUDENT, imitation={"teacher": str(teacher), "weight": 0.0}),
        tmp_path / "drawn",
    )
    plain.step()
    drawn.step()
    for name, value in plain.actor.state_dict().items():
        assert torch.equal(drawn.actor.state_dict()[name], value), name


@pytest.mark.parametrize("symmetry", ["none", "phase"])
def test_windows_of_an_update_are_those_that_acted(symmetry: str) -> None:
    environment = PointMass() if symmetry == "none" else GaitMass()
    mirror = getattr(environment, "mirror", None)
    actor = build_actor(settings(actor={**STUDENT, "symmetry": symmetry}), environment, mirror)
    collector = Collector(environment, 20, torch.device("cpu"), torch.Generator().manual_seed(0), 16)
    collector.collect(actor)
    rollout = collector.collect(actor)
    assert rollout.terminated.any() == (symmetry == "none")
    inputs = WindowInputs(actor, rollout)
    with torch.no_grad():
        mean, sample = inputs.means(inputs.every)
    assert torch.equal(sample, torch.arange(20 * 16))
    robots = actor.action_in_frame(mean, inputs.flip)
    torch.testing.assert_close(robots, rollout.mean.flatten(0, 1), atol=1e-5, rtol=1e-5)
    covered = WindowInputs(actor, rollout, every_position=True)
    with torch.no_grad():
        mean, sample = covered.means(covered.every)
    assert len(covered.every) < 0.25 * len(sample)
    assert torch.equal(sample.sort().values, torch.arange(20 * 16))
    ends = covered.ends
    last = torch.stack([mean[sample == end][0] for end in ends])
    torch.testing.assert_close(
        actor.action_in_frame(last, None if covered.flip is None else covered.flip[ends]),
        rollout.mean.flatten(0, 1)[ends],
        atol=1e-5,
        rtol=1e-5,
    )


def test_tokens_hold_the_action_that_was_sent() -> None:
    environment = PointMass()
    actor = build_actor(settings(actor={**STUDENT, "initial_std": 3.0}), environment)
    collector = Collector(environment, 20, torch.device("cpu"), torch.Generator().manual_seed(0), 16)
    rollout = collector.collect(actor)
    assert rollout.tokens is not None
    assert rollout.age is not None
    before = rollout.tokens[15:, :, 4:]
    finished = rollout.terminated | rollout.truncated
    sent = rollout.action.clamp(-1, 1)
    assert (rollout.action.abs() > 1).any()
    torch.testing.assert_close(before[1:][~finished[:-1]], sent[:-1][~finished[:-1]])
    assert finished[:-1].any()
    assert (before[1:][finished[:-1]] == 0).all()
    assert (rollout.age[15:][1:][finished[:-1]] == 0).all()
    assert np.array_equal(rollout.tokens[15:, :, :4], rollout.observation)


def test_a_loaded_policy_acts_as_the_trained_one(tmp_path: Path, teacher: Path) -> None:
    loaded, config = load_actor(teacher, PointMass())
    assert config.actor.hidden == (16,)
    state = torch.from_numpy(PointMass().reset().state).float()
    assert torch.equal(loaded(state), load_actor(teacher, PointMass())[0](state))
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
