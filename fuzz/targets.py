"""All targets by name."""

from __future__ import annotations

from .devices import DEVICES
from .files import FILES
from .target import Target

TARGETS: dict[str, Target] = {**FILES, **DEVICES}
