"""Walking policies for tests of the nodes: each does one thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mvp_real.control.locomotion.wiring import walking_of
from mvp_real.robots.digit import load_digit
from mvp_real.tasks.digit.reference_gait import TICKS, ReferenceGait

from ..inference.walking_bundles import constant_bundle, gait_bundle


def write_walk_bundles(folder: Path) -> Path:
    """`gait`: steps in place without feedback; `still`: the default pose; `nan`, `wild`; `foreign`: another order of
    motors; `altered`: a changed model file.
    """
    phases = np.arange(TICKS) / TICKS
    gait_bundle(folder / "gait", phases, ReferenceGait().at(phases))
    constant_bundle(folder / "still", np.zeros(36))
    constant_bundle(folder / "nan", np.full(36, np.nan))
    constant_bundle(folder / "wild", np.full(36, 50.0))
    own = walking_of(load_digit())
    constant_bundle(folder / "foreign", np.zeros(36), replace(own, motors=own.motors[::-1]))
    altered = constant_bundle(folder / "altered", np.zeros(36))
    with (altered / "model.onnx").open("ab") as stream:
        stream.write(b"x")
    return folder
