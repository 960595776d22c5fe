"""What the controller box's error numbers mean for whoever stands beside the arm, and what to do."""

from __future__ import annotations

# Numbers and causes from the vendor's manual; the words are ours.
_ERRORS: dict[int, str] = {
    1: "the emergency stop of the box is pressed; release it",
    2: "an emergency input of the box is triggered",
    3: "the emergency stop of the three-position switch is pressed",
    10: "a joint's motor reports an error; switch the box off and on",
    **{10 + k: f"the motor of joint {k} reports an error; switch the box off and on" for k in range(1, 8)},
    18: "the force sensor does not answer",
    19: "the tool at the flange does not answer; check its cable",
    21: "the arm is near a pose that its kinematics cannot pass",
    22: "the arm would touch itself",
    23: "a joint was told to leave its range",
    24: "a joint was told to move too fast",
    25: "a move could not be planned",
    28: "the tool's connection is lost; check its cable",
    31: "collision: a joint needs more current than its load explains",
    35: "the tool left the safety boundary that is set in the box",
    60: "the servo points asked for too fast a tool",
}


def describe_error(number: int) -> str:
    """`controller error 31 (collision: ...)`."""
    text = _ERRORS.get(number, "see the vendor's manual")
    return f"controller error {number} ({text})"
