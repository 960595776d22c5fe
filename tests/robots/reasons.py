"""Every reason that limiters and drivers can give, read from their source: the fixed part of each text."""

from __future__ import annotations

import ast
from pathlib import Path

import mvp_real.robots

ROOT = Path(mvp_real.robots.__file__).parent
# Modules whose texts reach an operator as the reason of a hold or a stop.
MODULES = (
    "safety.py", "input_checks.py", "joint_range.py", "workspace.py", "xarm7/client.py", "xarm7/session.py",
    "xarm7/gripper_line.py", "xarm7/controller_errors.py", "xarm7/reading_gate.py", "allegro/driver.py",
    "allegro/loop.py", "digit_link/servo.py", "digit_link/servo_loop.py", "digit_limiter.py", "digit_limits.py",
)  # fmt: skip
GIVING = {
    "stop", "_stop", "_reject", "_hold", "refuse", "_stop_by_itself", "ControllerFault", "_latch", "disconnected",
    "restarted", "_fail", "_trip_with",
}  # fmt: skip
SHORTEST = 8  # characters of fixed text that make a reason recognisable


def reasons() -> dict[str, str]:
    """Longest fixed part of each text, and the module that gives it."""
    found: dict[str, str] = {}
    for module in MODULES:
        tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            for text in _texts(node):
                fixed = max(_fixed(text), key=len, default="")
                if len(fixed) >= SHORTEST:
                    found[fixed] = module
    return found


def _texts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return [part for argument in node.args for part in _parts(argument)] if name in GIVING else []
    if isinstance(node, ast.Return) and node.value is not None:
        return _parts(node.value)
    if isinstance(node, ast.Assign) and any(
        getattr(target, "id", getattr(target, "attr", ""))
        in ("fault", "pushed", "problem", "_fault", "_problem")
        for target in node.targets
    ):
        return _parts(node.value)
    return []


def _parts(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.JoinedStr):
        return [value]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value]
    if isinstance(value, ast.BoolOp):
        return [part for operand in value.values for part in _parts(operand)]
    if isinstance(value, ast.IfExp):
        return _parts(value.body) + _parts(value.orelse)
    if isinstance(value, ast.BinOp):
        return _parts(value.left)
    return []


def _fixed(text: ast.expr) -> list[str]:
    pieces = text.values if isinstance(text, ast.JoinedStr) else [text]
    return [
        piece.value.strip(" ,;:()'")
        for piece in pieces
        if isinstance(piece, ast.Constant) and isinstance(piece.value, str)
    ]
