"""Simulated worlds: scenes from our own primitive models, rendering without a display, engines behind one
protocol.
"""

from __future__ import annotations

import os

# MuJoCo picks its OpenGL binding when it is first imported; without this it looks for a window system.
os.environ.setdefault("MUJOCO_GL", "egl")
