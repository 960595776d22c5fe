"""What the simulator takes as the set-up of its next episode."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("mujoco")

from mvp_real.errors import MvpRealError
from mvp_real.nodes.episode_request import parse_episode
from mvp_real.tasks.pick_fruit import random_setup, setup_to_dict


def test_a_setup_and_a_bundle() -> None:
    setup = random_setup(3, "varied", purpose="trial")
    assert parse_episode(json.dumps({"setup": setup_to_dict(setup)})) == (setup, "")
    assert parse_episode(json.dumps({"setup": setup_to_dict(setup), "bundle": "b"})) == (setup, "b")


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "{}", '{"setup": {}}', '{"setup": {"scene": "plain"}}'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MvpRealError, match="episode"):
        parse_episode(text)
