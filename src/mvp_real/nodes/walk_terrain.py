"""What a simulated Digit walks on and carries, by the words of the command line; see `tasks.digit.walk_ground`."""

from __future__ import annotations

from mvp_real.tasks.digit.walk_ground import check_payload, parse_terrain

__all__ = ["check_payload", "parse_terrain"]
