"""The contact sheet is a PNG of the demonstration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.image import imread

from mvp_real.demos.contact_sheet import save_contact_sheet
from mvp_real.demos.reader import read_demonstration


def test_it_draws_every_step_of_a_short_demonstration(
    make_demonstration: Callable[..., Path], tmp_path: Path
) -> None:
    demo = read_demonstration(make_demonstration(steps=5, scene="plain"))
    path = save_contact_sheet(demo, tmp_path / "sheet" / "demo.png")
    picture = imread(path)
    assert picture.shape[1] > 900
    assert picture.std() > 0.05
