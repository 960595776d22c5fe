"""New scenes between episodes: none begins while the table is being laid, and a refusal is tried again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from std_msgs.msg import String
from std_srvs.srv import Trigger

from mvp_real.demos.mcap_stream import MetadataRecord, decoded_records
from mvp_real.nodes.quality import LATCHED

from .live_graph import PATIENCE, LiveGraph, node_command

pytestmark = [pytest.mark.nodes, pytest.mark.slow, pytest.mark.render]


class Table(LiveGraph):
    """A simulated arm and a recorder that lays out a new scene after each episode."""

    def __init__(self, folder: Path, logs: Path) -> None:
        settings = {
            "folder": str(folder), "task": "pick", "free_space": 1, "scenes": "plain", "lost_after": 10.0,
            "use_sim_time": True, "required": ["joint_states"],
        }  # fmt: skip
        recorder = node_command("recorder", "xarm7", {name: json.dumps(v) for name, v in settings.items()})
        arm = [*node_command("sim_bridge", "xarm7", {}), "-r", "__node:=arm"]
        super().__init__(logs, "xarm7", {"arm": arm, "recorder": recorder})
        self.arm: dict[str, Any] = {}
        self.node.create_subscription(
            String, "arm/status", lambda m: setattr(self, "arm", json.loads(m.data)), LATCHED
        )
        names = ("arm/stop", "arm/clear_fault", "recorder/start", "recorder/success", "recorder/discard")
        self._clients = {name: self.node.create_client(Trigger, name) for name in names}
        self.listen()

    def call(self, name: str) -> tuple[bool, str]:
        """Call a service."""
        assert self._clients[name].wait_for_service(PATIENCE), self.situation()
        future = self._clients[name].call_async(Trigger.Request())
        self.until(future.done, f"{name} is answered")
        return future.result().success, future.result().message

    def situation(self) -> str:
        return self.log("recorder")

    def placement(self) -> Any:
        """Of the scene that is there."""
        return self.arm["setup"]["placement"]


def noted_placement(path: Path) -> Any:
    """Of the scene that an episode says it is of."""
    records = [record for record in decoded_records(path) if isinstance(record, MetadataRecord)]
    return json.loads(next(record.values["setup"] for record in records if "setup" in record.values))[
        "placement"
    ]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    made = Table(tmp_path / "set", tmp_path)
    yield made
    made.close()


def test_scenes_come_before_their_episodes_and_after_a_stop(table: Table, tmp_path: Path) -> None:
    table.until(lambda: table.call("recorder/start")[0], "an episode begins")
    assert "scene 0 is ready" in table.log("recorder")
    first = table.placement()
    assert table.call("arm/stop")[0]
    assert table.call("recorder/discard")[0]
    table.until(lambda: "no new scene yet" in table.log("recorder"), "the simulator refuses")
    begun, why = table.call("recorder/start")
    assert not begun
    assert "the scene is being laid out" in why
    assert table.call("arm/clear_fault")[0]
    table.until(lambda: table.call("recorder/start")[0], "the next episode begins")
    assert table.arm["state"] == "running"
    assert table.placement() == first, "a discarded episode's scene comes again"
    assert table.call("recorder/success")[0]
    table.until(lambda: table.call("recorder/start")[0], "an episode in another scene begins")
    assert table.placement() != first
    assert table.call("recorder/success")[0]
    noted = [noted_placement(path) for path in sorted((tmp_path / "set").glob("*.mcap"))]
    assert noted[0] == first
    assert noted[1] != first
