"""Teleoperation on the loopback interface: hand pose to joint target, two hands at 90 Hz, retargeting, intruders.

The headset is a WebSocket client that sends the page's binary frames; gateway, mapping and simulator are the real
nodes. Each has a process of its own, so the figures contain the computer's scheduling; the peer is the budget.

Run: python benchmarks/teleop_latency.py --output benchmarks/results.json
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from result_rows import Row, write_rows

# The tests' clients and bring-up are what a headset and a robot are here.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.nodes.teleop_bringup import TeleopBringup
from tests.teleop.gateway_clients import Operator, gateway
from tests.teleop.intruders import intrude
from tests.teleop.synthetic_hand import synthetic_hand

from mvp_real.messages import FloatArray
from mvp_real.robots.allegro.table import load_hand
from mvp_real.teleop.gateway.webxr_frame import WebXRFrame, encode
from mvp_real.teleop.hand_retargeting import HandRetargeter

CYCLE = 250  # frames of one up and down of the hands
LATENCY_BUDGET, RATE = 25.0, 90.0  # ms, Hz
FRAME_BUDGET = 1000.0 / RATE  # ms


@cache
def two_hands(step: int, pinch: bool) -> dict[str, FloatArray]:
    """Joint poses of both hands, moving; the left one's pinch is the right one's clutch."""
    hands = {}
    for side in ("left", "right"):
        held = pinch and side == "left"
        joints = synthetic_hand(0.4, "index" if held else "", side=side)
        joints = np.stack([joints[:, 1], joints[:, 2], joints[:, 0]], axis=1)  # any attitude will do
        joints += (0.2, 1.0 + 0.03 * np.sin(2.0 * np.pi * step / CYCLE), -0.3)
        hands[side] = np.concatenate([joints, np.tile((0.0, 0.0, 0.0, 1.0), (25, 1))], axis=1)
    return hands


async def drive(address: str, token: str, seconds: float) -> dict[str, Any]:
    """Be a headset for a while; the number of frames sent."""
    for k in range(CYCLE):  # made beforehand: a headset tracks hands on hardware of its own
        two_hands(k, True), two_hands(k, False)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.post(f"{address}/pair", json={"token": token}) as reply:
            reply.raise_for_status()
        operator = Operator(await session.ws_connect(f"{address}/control"))
        await operator.take()
        await operator.say({"type": "action", "name": "enable"})
        await operator.until(lambda: operator.answers)
        began, k = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            # The pinch is let go now and then, so that a clutch lost to a late frame is taken again.
            hands = two_hands(k % CYCLE, k % 300 > 15)
            frame = WebXRFrame(k, 1000 * operator.clock(), True, {}, hands)
            await operator.socket.send_bytes(encode(frame))
            k += 1
            await asyncio.sleep(max(0.0, began + k / RATE - time.monotonic()))
        await operator.close()
        return {"frames": k, "seconds": time.monotonic() - began}


def through_the_nodes(seconds: float) -> list[Row]:
    """Latencies as the mapping sees them, from the browser's time of the frame to the published target."""
    with tempfile.TemporaryDirectory() as folder:
        robot = TeleopBringup(Path(folder), camera_rate="5.0")
        try:
            reports: dict[str, dict[str, str]] = {}
            listen(robot, reports)
            sent: dict[str, Any] = {}
            work = threading.Thread(
                target=lambda: sent.update(asyncio.run(drive(robot.page(), robot.token, seconds)))
            )
            work.start()
            work.join()
            time.sleep(1.5)  # the last second's report
            if "capture to target, wall p95 (ms)" not in reports.get("teleop_mapping", {}):
                raise RuntimeError(f"the hand never moved the arm: {reports}")
            mapping, page = reports["teleop_mapping"], reports["teleop_gateway"]
        finally:
            robot.close()
    p50, p95 = (float(mapping[f"capture to target, wall p{q} (ms)"]) for q in (50, 95))
    work_p50 = float(mapping["sample to target, wall p50 (ms)"])
    taken = float(page.get("frames", 0)) / sent["frames"]
    print(f"{sent['frames']} frames in {sent['seconds']:.1f} s; gateway {page}; mapping {mapping}")
    budget = f"the budget of {LATENCY_BUDGET:.0f} ms"
    return [
        Row("teleop_hand_to_target_median", p50, "ms", budget, p50 / LATENCY_BUDGET),
        Row("teleop_hand_to_target_p95", p95, "ms", budget, p95 / LATENCY_BUDGET),
        Row("teleop_mapping_step_median", work_p50, "ms", "a frame at 90 Hz", work_p50 / FRAME_BUDGET),
        Row("teleop_frames_in_time", 100 * taken, "%", "every frame of two hands at 90 Hz", taken),
    ]


def listen(robot: TeleopBringup, reports: dict[str, dict[str, str]]) -> None:
    """Keep the newest diagnostics of each node."""
    from diagnostic_msgs.msg import DiagnosticArray

    def take(message: DiagnosticArray) -> None:
        for status in message.status:
            reports[status.name.rpartition("/")[2]] = {value.key: value.value for value in status.values}

    robot.node.create_subscription(DiagnosticArray, "/diagnostics", take, 10)


def retargeting(frames: int) -> list[Row]:
    """Processor time from 25 joints of the operator to 16 of the Allegro hand; of the thread, not of the wall."""
    retargeter = HandRetargeter(load_hand())
    times = []
    for k in range(frames):
        joints = synthetic_hand(0.6 + 0.5 * np.sin(k / 30), "index" if k % 200 > 140 else "")
        began = time.thread_time()
        retargeter.feed(joints, 1.0 + k / RATE)
        times.append(1000 * (time.thread_time() - began))
    p50, p95 = np.percentile(times[30:], (50, 95))
    return [
        Row("teleop_retargeting_median", float(p50), "ms", "a frame at 90 Hz", float(p50) / FRAME_BUDGET),
        Row("teleop_retargeting_p95", float(p95), "ms", "a frame at 90 Hz", float(p95) / FRAME_BUDGET),
    ]


def intruders(tries: int) -> list[Row]:
    """Tries of intruders while an operator works; any that moves the robot or ends the session is an error."""

    async def scene() -> tuple[int, float]:
        async with gateway() as made:
            operator = await made.operator()
            await operator.take()
            device = await made.device()
            working = True

            async def work() -> None:
                while working:
                    await operator.frame()
                    await asyncio.sleep(1.0 / RATE)

            worker = asyncio.ensure_future(work())
            began = time.monotonic()
            done = await intrude(made, device, tries)
            working = False
            await worker
            moved = any(sample.clutch for _, sample in made.robot.samples) or bool(made.robot.calls)
            if moved or not operator.desk["holds"] or operator.socket.closed:
                raise RuntimeError(f"an intruder got through: calls {made.robot.calls}, desk {operator.desk}")
            print(f"intruders: {dict(made.server.desk.counts)}")
            return done, time.monotonic() - began

    done, seconds = asyncio.run(scene())
    print(f"{done} tries in {seconds:.1f} s")
    return [Row("teleop_intruders_let_in", 0.0, "tries", f"{done} tries", 0.0)]


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results.json"))
    args = parser.parse_args()
    rows = [*retargeting(1500), *intruders(args.tries), *through_the_nodes(args.seconds)]
    write_rows(args.output, rows)


if __name__ == "__main__":
    main()
