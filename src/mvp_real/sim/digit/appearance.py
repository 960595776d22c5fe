"""How Digit looks: shapes for pictures only, which neither collide nor weigh anything."""

from __future__ import annotations

import mujoco


def add_appearance(spec: mujoco.MjSpec) -> None:
    """Add the shapes."""
