"""The README that is rendered from a card."""

from __future__ import annotations

from pathlib import Path

from mvp_real.bundle_writer import render_readme

from .test_bundle import controller


def test_the_readme_shows_figures_and_deviations(tmp_path: Path) -> None:
    page = render_readme(controller(tmp_path))
    assert "| plain: success | 15/16 | 0.717 to 0.989 | `mvp_real evaluate` |" in page
    assert "- Reads keypoints." in page
