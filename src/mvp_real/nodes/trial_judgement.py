"""From what driver and controller say at the end of a trial to its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mvp_real.evaluation.protocol import Trial
from mvp_real.evaluation.provenance import now as utc_now
from mvp_real.evaluation.trials import TrialRecord
from mvp_real.nodes.trial_plan import THROUGH


def judge(
    trial: Trial, robot: Mapping[str, Any], policy: Mapping[str, Any], ended: bool, wall: float
) -> TrialRecord:
    """The record of a trial; an abort by a limit or by stale input is a failure of that category.

    Args:
        trial: What was tried.
        robot: Last status of the simulated robot.
        policy: Last status of the controller.
        ended: Whether the trial came to an end by itself.
        wall: Time that it took, s.
    """
    category, reason = failure(robot, policy, ended)
    outcome = robot["outcome"]
    setup = trial.setup.setup
    placement = setup.placement
    return TrialRecord(
        subject=trial.subject.label,
        scene=setup.scene,
        placement=trial.setup.name,
        through=THROUGH,
        fruit=placement.fruit,
        x=placement.x,
        y=placement.y,
        yaw=placement.yaw,
        start=setup.start,
        seed=setup.seed,
        bundle=trial.subject.bundle,
        digest=trial.subject.digest,
        order=trial.order,
        success=bool(outcome["success"]),
        category=category,
        height=outcome["height"],
        lateral_miss=outcome["closing_distance"],
        duration=round(robot["time"], 3),
        steps=int(outcome["steps"]),
        wall=round(wall, 3),
        reason=reason,
        finished=utc_now(),
    )


def ended_by_itself(wait: Callable[[], bool], clock: Callable[[], float]) -> bool:
    """Wait for the end of a trial for as long as it goes on: a busy computer is no failure of the policy.

    Args:
        wait: Waits for the end for a while; whether it came.
        clock: Simulated time of the trial, s.

    Returns:
        False when simulated time stood still for a whole wait.
    """
    while True:
        before = clock()
        if wait():
            return True
        if clock() == before:
            return False


def failure(robot: Mapping[str, Any], policy: Mapping[str, Any], ended: bool) -> tuple[str, str]:
    """Failure category and reason of a trial; both empty for a success."""
    outcome = robot["outcome"]
    if outcome["success"]:
        return "", ""
    if robot["state"] == "stopped":
        by_person = "operator" in robot["reason"]
        return ("operator_stop" if by_person else "limit_stop"), robot["reason"]
    if policy.get("state") == "disarmed" and not outcome["done"]:
        return "stale_input", policy.get("reason", "")
    if not ended:
        return "crash", "the trial came to no end"
    if robot["state"] == "hold" and outcome["category"] != "diverged":
        return "limit_stop", robot["reason"]  # the driver refuses what the policy wants
    return outcome["category"], ""
