"""A new scene in the simulator after each episode, as a person would rearrange the table."""

from __future__ import annotations

import json
import math
import threading

from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from mvp_real.errors import MvpRealError
from mvp_real.nodes.service_caller import Interrupted, ServiceCaller
from mvp_real.tasks.pick_fruit import random_setup, setup_to_dict

FOREVER = math.inf
NODES_WITHIN = 120.0  # s
AGAIN = 1.0  # s between two tries, e.g. while an operator has yet to clear a stop
FIRST_SEED = 900_000_000  # far from those of scripted demonstrations and of training


class SceneChanger(ServiceCaller):
    """Resets the simulated robot with a random placement and lets it move again.

    What refuses is tried again until it works; until then `unready` says why.

    Args:
        node: Owner of the clients.
        driver: Name of the simulator's node.
        scene: Kind of scene, plain or varied.

    Raises:
        MvpRealError: No such kind of scene.
    """

    def __init__(self, node: Node, driver: str, scene: str) -> None:
        random_setup(FIRST_SEED, scene)
        self._driver, self._scene = driver, scene
        services = {
            f"{driver}/set_parameters": SetParameters,
            f"{driver}/reset": Trigger,
            f"{driver}/enable": SetBool,
        }
        super().__init__(node, services, f"{driver}/status", "teleop_mapping/status")
        self._wanted: int | None = None
        self._problem = ""
        # Service calls block, and the node's own thread must go on recording.
        self._thread = threading.Thread(target=self._run, name="scenes", daemon=True)
        self._thread.start()

    @property
    def unready(self) -> str:
        """Why no episode may begin yet; empty if the scene is there."""
        if self._wanted is None:
            return ""
        return f"the scene is being laid out{': ' + self._problem if self._problem else ''}"

    def change(self, number: int) -> None:
        """Have scene `number` set up; returns at once."""
        with self._condition:
            self._wanted, self._problem = number, ""
            self._condition.notify_all()

    def close(self) -> None:
        super().close()
        self._thread.join(5.0)

    def _run(self) -> None:
        try:
            while True:
                self.wait(lambda: self._wanted is not None, FOREVER)
                number = self._wanted
                assert number is not None
                try:
                    self.wait_for_nodes(NODES_WITHIN)
                    self._set_up(number)
                except MvpRealError as error:
                    if str(error) != self._problem:
                        self._node.get_logger().error(f"no new scene yet: {error}")
                    self._problem = str(error)
                    self.wait(lambda: False, AGAIN)
                    continue
                with self._condition:
                    if self._wanted == number:
                        self._wanted = None
        except Interrupted:
            return

    def _set_up(self, number: int) -> None:
        setup = setup_to_dict(random_setup(FIRST_SEED + number, self._scene, start="random"))
        self._check(f"{self._driver}/enable", SetBool.Request(data=False))
        self.set_text(self._driver, "episode", json.dumps({"setup": setup, "bundle": ""}))
        self._check(f"{self._driver}/reset", Trigger.Request())
        self._check(f"{self._driver}/enable", SetBool.Request(data=True))
        self._node.get_logger().info(f"scene {number} is ready")
