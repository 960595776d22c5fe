"""The walking environment: interface, symmetry, determinism, exact resume, delays, falls, both models."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from mvp_real.control.locomotion.rate_limit import limit_rate
from mvp_real.control.locomotion.spaces import (
    OBSERVATION,
    limit_action,
    mirror_action,
    mirror_observation,
)
from mvp_real.errors import MvpRealError
from mvp_real.robots.digit import load_digit, mirror_order
from mvp_real.tasks.digit.config import WalkConfig
from mvp_real.tasks.digit.dynamics import LINKS
from mvp_real.tasks.digit.environment import Step, WalkEnvironment
from mvp_real.tasks.digit.privileged import STATE, mirror_state
from mvp_real.tasks.digit.randomisation import NOISE_GROUPS
from mvp_real.tasks.digit.reference_gait import START_PHASE

CALM = {
    "randomisation": {"strength": 0.0},
    "start": {"joint": 0.0, "linear_velocity": 0.0, "angular_velocity": 0.0, "random_heading": False,
              "random_phase": False},
    "commands": {"forward": [0.3, 0.3], "sideways": [0.0, 0.0], "turn": [0.0, 0.0]},
}  # fmt: skip


def walk(num_envs: int, **settings: Any) -> WalkEnvironment:
    return WalkEnvironment(WalkConfig.from_dict({"num_envs": num_envs, "threads": 1, **settings}))


def actions(num_envs: int, steps: int, seed: int = 0) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal((steps, num_envs, 36))


def run(environment: WalkEnvironment, sequence: np.ndarray) -> list[Step]:
    return [environment.step(action) for action in sequence]


PUSHED = {"pushes": {"speed": 0.5, "interval": 0.2}}


@pytest.mark.parametrize(
    "settings",
    [{"model": "reduced", "terrain": {"slope_share": 0.4, "rough_share": 0.3}, **PUSHED}, {"model": "full"}],
    ids=["reduced", "full"],
)
def test_random_actions_give_finite_values(settings: dict[str, Any]) -> None:
    count, steps = (8, 80) if settings["model"] == "reduced" else (2, 6)
    environment = walk(count, **settings)
    observations = environment.reset()
    for step in range(steps):
        assert observations.observation.shape == (count, environment.observation_size)
        assert observations.state.shape == (count, environment.state_size)
        assert observations.observation.dtype == observations.state.dtype == np.float32
        assert np.isfinite(observations.observation).all()
        assert np.isfinite(observations.state).all()
        outcome = environment.step(actions(count, 1, step)[0])
        assert outcome.reward.shape == outcome.terminated.shape == outcome.truncated.shape == (count,)
        assert np.isfinite(outcome.reward).all()
        assert not (outcome.terminated & outcome.truncated).any()
        observations = outcome.observations


def test_equal_seeds_give_equal_robots_and_other_seeds_others() -> None:
    sequence = actions(3, 30)
    one, same, other = (walk(3, seed=seed) for seed in (5, 5, 6))
    first = [environment.reset().state for environment in (one, same, other)]
    results = [run(environment, sequence)[-1] for environment in (one, same, other)]
    np.testing.assert_array_equal(first[0], first[1])
    np.testing.assert_array_equal(results[0].observations.state, results[1].observations.state)
    np.testing.assert_array_equal(results[0].reward, results[1].reward)
    assert (results[0].observations.state != results[2].observations.state).any()


@pytest.mark.parametrize("model", ["reduced", "full"])
def test_a_restored_environment_goes_on_exactly(model: str) -> None:
    settings = {"model": model, "pushes": {"speed": 0.5, "interval": 0.1}, "terrain": {"slope_share": 0.5}}
    before, after = (45, 30) if model == "reduced" else (3, 3)
    original = walk(3, seed=2, **settings)
    original.reset()
    run(original, actions(3, before))
    original.change({"commands": {"forward": [0.5, 0.5]}})
    saved = original.random_state()
    expected = run(original, actions(3, after, 9))
    resumed = walk(3, seed=77, **settings)
    resumed.reset()
    current = resumed.restore(saved)
    np.testing.assert_array_equal(current.state, saved["current"]["state"])
    for wanted, got in zip(expected, run(resumed, actions(3, after, 9)), strict=True):
        np.testing.assert_array_equal(got.observations.observation, wanted.observations.observation)
        np.testing.assert_array_equal(got.observations.state, wanted.observations.state)
        np.testing.assert_array_equal(got.reward, wanted.reward)
        np.testing.assert_array_equal(got.info["finished"], wanted.info["finished"])


def test_a_snapshot_of_another_number_of_robots_is_refused() -> None:
    saved = walk(2)
    saved.reset()
    with pytest.raises(MvpRealError, match="shape"):
        walk(3).restore(saved.random_state())


def mirrored_pair() -> WalkEnvironment:
    """Two robots: the second is the mirror image of the first, half a gait period later, dynamics included."""
    exact = (*NOISE_GROUPS, "observation_delay", "action_delay")
    environment = walk(2, randomisation={"rows": dict.fromkeys(exact, 0.0)})
    environment.reset()
    simulation, episodes, dynamics = environment.simulation, environment._episodes, environment._dynamics
    # The base of the model is not quite symmetric: its centre of mass lies 0.2 mm to the left.
    simulation.backend.model_field("body_ipos")[:, 1, 1] = 0.0
    simulation.backend.model_field("body_iquat")[:, 1] = (1.0, 0.0, 0.0, 0.0)
    order, sign = environment_mirror()
    for item in fields(dynamics):
        values = getattr(dynamics, item.name)
        if item.name in order:
            values[1] = values[0][order[item.name]] * sign.get(item.name, 1.0)
        else:
            values[1] = values[0]
    simulation._nominal.vary(simulation.backend, np.arange(2), dynamics)
    simulation.backend.update_constants()
    qpos, qvel = simulation._qpos, simulation._qvel
    joints = joint_order(simulation.model)
    qpos[1, 7:], qvel[1, 6:] = -qpos[0, 7:][joints], -qvel[0, 6:][joints]
    qpos[1, :7] = qpos[0, :7] * (1, -1, 1, 1, -1, 1, -1)
    qvel[1, :6] = qvel[0, :6] * (1, -1, 1, -1, 1, -1)
    simulation.backend.forward()
    episodes.phase[1] = (episodes.phase[0] + 0.5) % 1.0
    episodes.command[1] = episodes.command[0] * (1.0, -1.0, -1.0)
    motion = simulation.motion()
    episodes.motor_velocity[:], episodes.sole[:] = motion.motor_velocity, motion.sole
    episodes.velocity[:] = np.einsum("nij,nj->ni", motion.rotation, motion.linear_velocity)
    return environment


def environment_mirror() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    motors = mirror_order(load_digit().motors)
    order = dict.fromkeys(
        ("motor_offset", "motor_strength", "motor_damping", "kp_factor", "kd_factor"), motors
    )
    order["mass"] = np.concatenate([[0], 1 + mirror_order(LINKS[1:])])
    order["gravity"] = np.arange(3)
    return order, {"motor_offset": -1.0, "gravity": np.array([1.0, -1.0, 1.0])}


def joint_order(model: Any) -> np.ndarray:
    return mirror_order(tuple(model.joint(k).name for k in range(1, model.njnt)))


def test_the_mirrored_robot_sees_and_earns_the_mirror_image() -> None:
    environment = mirrored_pair()
    for step in range(12):
        action = actions(1, 1, step)[0]
        outcome = environment.step(np.concatenate([action, mirror_action(action)]))
        one, image = outcome.observations.observation
        np.testing.assert_allclose(mirror_observation(image), one, atol=2e-5)
        one, image = outcome.observations.state
        # Forces of a light touch are stiff against rounding.
        np.testing.assert_allclose(mirror_state(image), one, atol=2e-3)
        assert outcome.reward[1] == pytest.approx(outcome.reward[0], abs=1e-5)


def test_time_out_gives_the_last_state_and_a_new_episode() -> None:
    environment = walk(3, **CALM, episode=0.2)
    environment.reset()
    results = run(environment, np.zeros((10, 3, 36)))
    assert not any(outcome.truncated.any() for outcome in results[:-1])
    last = results[-1]
    assert last.truncated.all()
    assert not last.terminated.any()
    np.testing.assert_array_equal(last.info["finished"], [0, 1, 2])
    np.testing.assert_array_equal(last.info["episode_length"], 10)
    np.testing.assert_allclose(
        last.info["episode_return"], sum(outcome.reward for outcome in results), rtol=1e-5
    )
    assert last.info["final_state"].shape == (3, 480)
    assert (last.info["final_observation"] != last.observations.observation).any()
    # The new episode begins in the start pose.
    height = last.observations.state[:, STATE["base_height"]]
    np.testing.assert_allclose(height, 0.002, atol=1e-5)
    assert environment.step(np.zeros((3, 36))).info["falls"] == 0


def test_a_fall_ends_the_episode_and_is_counted() -> None:
    environment = walk(2, **CALM)
    environment.reset()
    environment.simulation._qpos[1, 2] = 0.6
    outcome = environment.step(np.zeros((2, 36)))
    np.testing.assert_array_equal(outcome.terminated, [False, True])
    assert outcome.info["falls"] == 1
    assert outcome.info["fall_reasons"]["height"] == 1
    assert outcome.reward[1] < -1.9 < outcome.reward[0]


def test_divergence_is_a_fall_and_stays_finite() -> None:
    environment = walk(2, **CALM)
    environment.reset()
    environment.simulation._qvel[1, 8] = 1e12
    outcome = environment.step(np.zeros((2, 36)))
    np.testing.assert_array_equal(outcome.terminated, [False, True])
    assert outcome.info["fall_reasons"]["diverged"] == 1
    assert np.isfinite(outcome.reward).all()
    assert np.isfinite(outcome.observations.state).all()
    assert np.isfinite(outcome.info["final_state"]).all()
    assert not environment.step(np.zeros((2, 36))).terminated.any()


def test_touching_the_torso_is_a_collision() -> None:
    environment = walk(1, **CALM, termination={"height": 0.1, "tilt": 1.0})
    environment.reset()
    environment.simulation._qpos[0, 2:7] = (0.07, 0.5**0.5, 0.0, -(0.5**0.5), 0.0)  # on its back
    assert environment.step(np.zeros((1, 36))).info["fall_reasons"]["collision"] == 1


def test_the_action_that_is_sent_is_inside_its_limits() -> None:
    environment = walk(2, **CALM)
    environment.reset()
    wild, sent = np.full((2, 36), 50.0), np.zeros((2, 36))
    for _ in range(5):
        expected = limit_rate(limit_action(wild), sent, load_digit())
        sent = environment.step(wild).info["sent_action"]
        np.testing.assert_allclose(sent, expected, rtol=1e-5)
    assert (wild == 50.0).all()


def test_a_late_action_is_applied_one_period_later() -> None:
    environment = walk(1, **CALM)
    environment.reset()
    environment._dynamics.action_delay[:] = 1.0
    first, second = 0.2 * actions(1, 2)  # too small for the limit of the rate
    environment.step(first)
    outcome = environment.step(second)
    difference = outcome.observations.state[:, STATE["action_difference"]]
    np.testing.assert_allclose(difference, limit_action(first) - limit_action(second), atol=1e-6)
    assert outcome.observations.state[0, STATE["action_late"]] == 1.0


def test_a_late_observation_is_the_one_before() -> None:
    environment = walk(1, **CALM)
    before = environment.reset().observation
    environment._dynamics.observation_delay[:] = 1.0
    after = environment.step(np.zeros((1, 36))).observations
    measured = slice(0, OBSERVATION["clock"].start)
    np.testing.assert_array_equal(after.observation[:, measured], before[:, measured])
    assert (after.observation[:, OBSERVATION["clock"]] != before[:, OBSERVATION["clock"]]).all()
    true = after.state[:, measured]
    np.testing.assert_allclose(
        after.state[:, STATE["observation_difference"]], after.observation[:, measured] - true, atol=1e-6
    )


def test_an_encoder_offset_moves_the_reading_and_the_joint() -> None:
    elbow, offset = load_digit().motor("left_elbow"), 0.2
    plain, shifted = walk(1, **CALM), walk(1, **CALM)
    for environment in (plain, shifted):
        environment.reset()
    shifted._dynamics.motor_offset[0, elbow] = offset
    results = [run(environment, np.zeros((15, 1, 36)))[-1].observations for environment in (plain, shifted)]
    place = OBSERVATION["joint_position"].start + load_digit().observed_joints.index("left_elbow")
    true = results[1].state[0, place]
    assert results[1].observation[0, place] - true == pytest.approx(offset, abs=1e-6)
    # The servo takes the reading for an error and turns the joint back.
    assert true < results[0].state[0, place] - 0.3 * offset


def test_gains_of_the_action_and_factors_of_the_robot_reach_the_servo() -> None:
    environment = walk(1, **CALM)
    environment.reset()
    table, dynamics = load_digit(), environment._dynamics
    knee = table.motor("left_knee")
    dynamics.motor_strength[0, knee], dynamics.kp_factor[0, knee], dynamics.kd_factor[0, knee] = (
        0.9,
        1.1,
        0.95,
    )
    action = np.zeros((1, 36))
    action[0, 20 + list(table.gain_motors).index("left_knee")] = 0.6
    outcome = environment.step(action)
    backend = environment.simulation.backend
    slot = backend.model.actuator("left_knee").id
    kp, kd = table.kp[knee] * 1.3 * 1.1, table.kd[knee] * 0.95
    assert backend.model_field("actuator_gainprm")[0, slot, 0] == pytest.approx(0.9 * kp)
    assert backend.model_field("actuator_biasprm")[0, slot, 1] == pytest.approx(-0.9 * kp)
    assert backend.model_field("actuator_biasprm")[0, slot, 2] == pytest.approx(-0.9 * kd)
    gains = outcome.observations.state[0, STATE["gains"]]
    assert gains[[knee, 20 + knee]] == pytest.approx([1.3 * 1.1, 0.95])


def test_commands_change_at_their_interval() -> None:
    environment = walk(50, episode=10.0, commands={"interval": 0.1})
    environment.reset()
    before = environment._episodes.command.copy()
    run(environment, np.zeros((4, 50, 36)))
    np.testing.assert_array_equal(environment._episodes.command, before)
    environment.step(np.zeros((50, 36)))
    assert (environment._episodes.command != before).any(axis=1).mean() > 0.8


def test_a_push_changes_the_velocity_and_shows_in_the_state() -> None:
    environment = walk(40, **CALM, pushes={"speed": 0.5, "interval": 0.02})
    environment.reset()
    outcome = environment.step(np.zeros((40, 36)))
    push = outcome.observations.state[:, STATE["push_linear"]]
    velocity = outcome.observations.state[:, :3]
    assert np.linalg.norm(push, axis=1).max() > 0.4
    np.testing.assert_allclose(velocity[:, :2], push[:, :2], atol=0.15)


def test_the_first_two_steps_have_no_rate_of_action() -> None:
    environment = walk(1, **CALM)
    environment.reset()
    rates = [outcome.info["metrics"]["reward/action_rate"] for outcome in run(environment, actions(1, 4))]
    assert rates[:2] == [0.0, 0.0]
    assert max(rates[2:]) < 0.0


def test_a_robot_on_rough_ground_or_a_slope_starts_on_it() -> None:
    environment = walk(60, terrain={"slope_share": 0.5, "rough_share": 0.5}, start={"joint": 0.0})
    environment.reset()
    motion = environment.simulation.motion()
    clearance = motion.sole[..., 2] - motion.sole_ground
    assert clearance.min() > -3e-3
    assert clearance.max() < 0.06


def test_the_reference_steps_longer_than_the_default_pose_stands() -> None:
    standing, stepping = walk(16, **CALM), walk(16, **CALM)
    lives = []
    for environment, refers in ((standing, False), (stepping, True)):
        observation = environment.reset().observation
        environment._episodes.phase[:] = START_PHASE
        alive, life = np.ones(16, dtype=bool), 0
        while alive.any() and life < 150:
            action = environment.reference_action(observation) if refers else np.zeros((16, 36))
            outcome = environment.step(action)
            observation, life = outcome.observations.observation, life + 1
            alive &= ~outcome.terminated
        lives.append(life)
    assert lives[1] > 1.3 * lives[0]


def test_changes_reach_the_robots() -> None:
    environment = walk(20, **CALM)
    environment.reset()
    environment.change({"commands": {"forward": [0.7, 0.7]}, "scales": {"linear_width": 0.05}})
    environment.reset()
    np.testing.assert_allclose(environment._episodes.command[:, 0], 0.7)
    assert environment.config.scales.linear_width == 0.05


@pytest.mark.parametrize(
    ("changes", "message"), [({"num_envs": 3}, "cannot be changed"), ({"gait": {"perio": 1}}, "period")]
)
def test_what_is_fixed_or_unknown_cannot_be_changed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        walk(1).change(changes)


def test_mistakes_of_the_caller_are_named() -> None:
    environment = walk(2)
    with pytest.raises(MvpRealError, match="reset"):
        environment.step(np.zeros((2, 36)))
    environment.reset()
    with pytest.raises(MvpRealError, match=r"\(2, 35\)"):
        environment.step(np.zeros((2, 35)))
    bad = np.zeros((2, 36))
    bad[1, 4] = np.nan
    with pytest.raises(MvpRealError, match="robot 1"):
        environment.step(bad)


def test_a_time_step_that_does_not_divide_the_period_is_refused() -> None:
    with pytest.raises(MvpRealError, match=r"0\.003"):
        walk(1, timestep=0.003)


def test_staggered_first_episodes_end_at_different_times() -> None:
    environment = walk(30, **CALM, episode=0.4, stagger=True)
    environment.reset()
    assert len(set(environment._episodes.limit)) > 8
    assert environment._episodes.limit.max() <= 20
