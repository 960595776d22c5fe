"""The Allegro hand: node `hand` on an emulated hand (CAN frames over UDP multicast) or on a real bus."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import FloatArray, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, SENSOR
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.bus import Bus
from mvp_real.robots.allegro.table import load_hand

from .motion import MotionWatch
from .processes import Emulator
from .rig import Rig

TABLE = load_hand()
SWING = 0.05  # rad
STILL, MOVED = 5e-3, 8e-3  # rad within 0.4 s
SWUNG = 5  # index finger, second joint


class AllegroRig(Rig):
    """See the module."""

    device, node_name, namespace = "allegro", "hand", "allegro"

    def start_emulator(self) -> Emulator:
        pick = random.SystemRandom().randint
        self.channel = f"239.74.{pick(1, 254)}.{pick(1, 254)}:{pick(20000, 40000)}"
        return Emulator("allegro", ["--channel", self.channel], self.logs, self.environment)

    def parameters(self) -> dict[str, Any]:
        if self.reach.real:
            return {"interface": self.reach.interface, "channel": self.reach.channel}
        # An emulator has no processor of its own: more patience than a hand gets.
        return {"interface": "udp_multicast", "channel": self.channel, "patience": 4.0, "wait": 30.0}

    def connect_topics(self) -> None:
        self._joints: FloatArray | None = None
        self._start: FloatArray | None = None
        self._began = 0.0
        self._limp = False
        self._motion = MotionWatch(STILL, MOVED)
        self.node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self._targets = self.node.create_publisher(JointTrajectory, "joint_target", COMMAND)

    def recover(self) -> None:
        super().recover()
        self._start = self._joints = None

    def send(self, stamp_offset: float) -> bool:
        """Swing one joint by a few degrees, away from the limit at which a limp finger rests."""
        if self._joints is None:
            return False
        now = time.monotonic()
        if self._start is None:
            self._start, self._began = self._joints.copy(), now
        position = np.clip(
            self._start, TABLE.lower + TABLE.position_margin, TABLE.upper - TABLE.position_margin
        )
        position[SWUNG] += 0.5 * SWING * (1.0 - np.cos(2.0 * (now - self._began)))
        stamp = self.node.get_clock().now().nanoseconds * 1e-9 + stamp_offset
        self._targets.publish(
            conversions.target_message(JointTarget(TABLE.joint_names, position, stamp, 0.2))
        )
        return True

    def moves(self) -> bool:
        return self._motion.moving()

    def rests(self) -> bool:
        """A hand that was stopped is limp, one that holds stands."""
        limp = self.state != "hold" and self._limp
        return limp or self._motion.still() or not self._motion.seen

    def kill_driver(self) -> None:
        """The node dies; that its control loop lets the hand go is seen on the bus."""
        interface = self.reach.interface if self.reach.real else "udp_multicast"
        bus = Bus(interface, self.reach.channel if self.reach.real else self.channel)
        threading.Thread(target=self._note_release, args=(bus,), daemon=True).start()
        super().kill_driver()
        self._streaming = False

    def _note_release(self, bus: Bus) -> None:
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            frame = bus.receive(0.2)
            if frame is not None and not frame.remote and frame.identifier >> 2 == wire.SERVO_OFF:
                self.note("released", "the motors were switched off, as seen on the bus")
                break
        bus.close()

    def _on_joints(self, message: JointState) -> None:
        self._joints = np.array(message.position)
        self._limp = not np.any(message.effort)
        self._motion.add(self._joints)
