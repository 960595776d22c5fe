"""The MJCF files in the repository are what the builders make, and open on their own."""

from __future__ import annotations

import mujoco
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.resources import sim_file
from mvp_real.sim.digit.published import PUBLISHED, published_xml


@pytest.mark.parametrize("name", PUBLISHED)
def test_file_is_what_the_builder_makes(name: str) -> None:
    text = sim_file(name).read_text(encoding="utf-8")
    assert text == published_xml(name), "run: python -m mvp_real.sim.digit"


@pytest.mark.parametrize("name", PUBLISHED)
def test_file_opens_and_stands_on_its_key_frame(name: str) -> None:
    model = mujoco.MjModel.from_xml_path(str(sim_file(name)))
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, model.key("stand").id)
    for _ in range(round(0.2 / model.opt.timestep)):
        mujoco.mj_step(model, data)
    assert data.qpos[2] > 0.98
    assert data.sensor("left_contact").data[0] > 50.0


def test_unknown_file_suggests_a_published_one() -> None:
    with pytest.raises(MvpRealError, match="digit_full"):
        published_xml("digit_ful.xml")
