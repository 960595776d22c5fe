"""How an evaluation starts the nodes."""

from __future__ import annotations

import os

import pytest

from mvp_real.evaluation.through_nodes import DOMAINS, isolated_environment


@pytest.mark.parametrize("users", ["", "0", "1", "42", "101"])
def test_the_nodes_of_an_evaluation_are_heard_by_nobody_else(
    monkeypatch: pytest.MonkeyPatch, users: str
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", users)
    for _ in range(50):
        environment = isolated_environment()
        assert environment.pop("ROS_DOMAIN_ID") in {str(number) for number in DOMAINS} - {users}
        assert environment == {name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"}
