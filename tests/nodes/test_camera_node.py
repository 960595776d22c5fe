"""The camera node as a process on the real library, in front of the emulator and recordings, with faults."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import Image

from mvp_real.cameras.intrinsics import Intrinsics
from mvp_real.emulators.fault_socket import FaultClient, parse_address
from mvp_real.nodes import conversions
from mvp_real.nodes.camera_info import CAMERA_FRAME, camera_info
from mvp_real.nodes.quality import SENSOR
from mvp_real.nodes.robot_publisher import CAMERA_FRAME as SIMULATED_CAMERA_FRAME
from mvp_real.systems.environment import system_environment
from mvp_real.systems.process import executable_path
from tests.nodes.camera_bringup import CameraRun, emulator, end
from tests.nodes.live_graph import PATIENCE
from tests.own_domain import free_domain

pytest.importorskip("pyrealsense2")
pytestmark = pytest.mark.slow
OK, WARN, ERROR, STALE = range(4)


@pytest.fixture(scope="module")
def world() -> Iterator[dict[str, str]]:
    process, ready = emulator("--rate", "10")
    yield ready
    assert end(process) == 0


@pytest.fixture(scope="module")
def running(world: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameraRun]:
    logs = tmp_path_factory.mktemp("camera")
    # Generous, so that a busy machine is not taken for a broken camera.
    run = CameraRun(logs, source="software", frames=world["frames"], rate=10, stale_after=0.5, lost_after=1.0)
    run.until(lambda: len(run.images) > 5, "the first images arrive")
    yield run
    assert run.close() == {"camera": 0}, run.log("camera")


@pytest.fixture
def faults(world: dict[str, str]) -> Iterator[FaultClient]:
    client = FaultClient(*parse_address(world["faults"]))
    client.clear()
    yield client
    client.clear()


@pytest.mark.nodes
def test_images_are_as_every_consumer_of_the_topic_expects(running: CameraRun, faults: FaultClient) -> None:
    running.until_level(OK)
    message, arrival = running.images[-1]
    frame = conversions.frame(message, 0)
    assert frame.image.shape == (480, 640, 3)
    assert message.header.frame_id == CAMERA_FRAME == SIMULATED_CAMERA_FRAME
    stamps = [conversions.seconds(image.header.stamp) for image, _ in running.images]
    assert stamps == sorted(set(stamps))
    assert 0.0 <= arrival - stamps[-1] < 5.0
    info = running.infos[-1]
    assert (info.width, info.height, info.distortion_model) == (640, 480, "plumb_bob")
    assert info.k[0] == pytest.approx(625.22, abs=0.01)
    # Every image has an info of its very stamp; the newest of either may still be on its way.
    seen = {conversions.nanoseconds(image.header.stamp) for image, _ in running.images}
    told = {conversions.nanoseconds(info.header.stamp) for info in running.infos}
    assert len(seen & told) >= 0.8 * min(len(seen), len(told))
    ages = [at - conversions.seconds(image.header.stamp) for image, at in running.images]
    print(f"\ncapture to subscriber: median {1000 * float(np.median(ages)):.1f} ms of {len(ages)}")


@pytest.mark.nodes
def test_a_frozen_camera_is_counted(running: CameraRun, faults: FaultClient) -> None:
    faults.set("freeze")
    running.until(lambda: int(running.status[2]["identical images in a row"]) > 3, "the freeze is counted")
    faults.clear()
    running.until(lambda: running.status[2]["identical images in a row"] == "0", "the freeze is over")


@pytest.mark.nodes
def test_silence_is_reported_and_recovered_from(running: CameraRun, faults: FaultClient) -> None:
    faults.set("silence")
    running.until_level(ERROR, "no image")
    count = len(running.images)
    faults.clear()
    running.until(lambda: running.status[2]["state"] == "streaming", "the camera is back")
    assert len(running.images) > count
    assert int(running.status[2]["reconnects"]) >= 1


@pytest.mark.nodes
def test_an_unplugged_camera_is_an_error_until_it_is_back(running: CameraRun, faults: FaultClient) -> None:
    faults.set("drop")
    running.until_level(ERROR, "no frames from")
    faults.clear()
    running.until(lambda: running.status[2]["state"] == "streaming", "the camera is back")
    running.flowing()
    assert running.processes["camera"].poll() is None


@pytest.mark.nodes
def test_old_images_keep_their_stamps_and_are_reported(running: CameraRun, faults: FaultClient) -> None:
    faults.set("delay", 0.8)
    running.until_level(WARN, "old")
    count = len(running.images)
    running.until(lambda: len(running.images) > count, "an old image arrives")
    message, arrival = running.images[-1]
    assert arrival - conversions.seconds(message.header.stamp) >= 0.79


@pytest.mark.extended
@pytest.mark.nodes
def test_stamps_of_a_clock_that_jumped_are_reported(running: CameraRun, faults: FaultClient) -> None:
    faults.set("clock_jump", 30.0)
    running.until_level(WARN, "in the future")


@pytest.mark.extended
@pytest.mark.nodes
def test_another_size_is_published_and_reported(running: CameraRun, faults: FaultClient) -> None:
    faults.set("wrong_resolution")
    running.until_level(WARN, "images are 320x240, asked for 640x480")
    running.flowing()
    image, info = running.images[-1][0], running.infos[-1]
    assert (image.width, image.height, len(image.data)) == (320, 240, 3 * 320 * 240)
    assert (info.width, info.height) == (320, 240)


@pytest.mark.extended
@pytest.mark.nodes
def test_garbled_images_bring_nothing_down(running: CameraRun, faults: FaultClient) -> None:
    faults.set("garble", 1.0)
    running.flowing()
    assert running.processes["camera"].poll() is None


@pytest.mark.nodes
def test_the_encoder_works_on_these_images_as_on_any_others(
    running: CameraRun, faults: FaultClient, models: Path, tmp_path: Path
) -> None:
    features: list[Image] = []
    subscription = running.node.create_subscription(Image, "wrist_camera/features", features.append, SENSOR)
    command = [str(executable_path("encoder")), "--ros-args", "-r", "__ns:=/xarm7", "-p", "bundle:=turn"]
    environment = running.environment | {"MVP_REAL_MODELS": str(models)}
    log = (tmp_path / "encoder.log").open("wb")
    encoder = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        running.until(lambda: len(features) > 10, "features arrive")
    finally:
        assert end(encoder) == 0, (tmp_path / "encoder.log").read_text()  # type: ignore[arg-type]
        running.node.destroy_subscription(subscription)
    stamps = {conversions.nanoseconds(image.header.stamp) for image, _ in running.images}
    assert any(conversions.nanoseconds(feature.header.stamp) in stamps for feature in features)
    # The bar moves and the gradient rolls: the channel means of two images are hardly ever the same.
    assert len({conversions.feature(feature).tokens.tobytes() for feature in features}) > 1


@pytest.mark.nodes
def test_a_recording_made_by_the_emulator_is_played_by_the_node(tmp_path: Path) -> None:
    file = tmp_path / "picture.db3"
    process, _ = emulator("--record", str(file), "--seconds", "1.5", "--width", "320", "--height", "240")
    assert process.stdout is not None
    assert process.wait(PATIENCE) == 0
    assert json.loads(process.stdout.readline())["recorded"] > 10
    run = CameraRun(tmp_path, source="playback", file=str(file), width=320, height=240)
    run.until(lambda: len(run.images) > 5, "images arrive")
    assert run.images[-1][0].width == 320
    assert abs(conversions.seconds(run.images[-1][0].header.stamp) - run.images[-1][1]) < 5.0
    run.until(lambda: bool(run.status[2]), "diagnostics")
    assert run.close() == {"camera": 0}


@pytest.mark.nodes
@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"serial": "012345678901"}, "no RealSense with serial number '012345678901'"),
        ({"source": "softwre"}, "did you mean software?"),
        ({"source": "software"}, "needs the parameter 'frames'"),
        ({"source": "software", "frames": "127.0.0.1:1"}, "no frames from 127.0.0.1:1"),
        ({"stale_after": 5.0}, "stale after 5.0 s and lost after 1.0 s"),
    ],
)
def test_what_cannot_work_ends_at_once_with_its_reason(
    tmp_path: Path, parameters: dict[str, object], text: str
) -> None:
    arguments = [part for key, value in parameters.items() for part in ("-p", f"{key}:={json.dumps(value)}")]
    environment = system_environment() | {"ROS_DOMAIN_ID": str(free_domain())}
    result = subprocess.run(
        [str(executable_path("camera")), "--ros-args", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 2
    assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_camera_info_carries_the_whole_geometry() -> None:
    geometry = Intrinsics(640, 480, 610.0, 611.0, 321.0, 239.0, "plumb_bob", (0.1, 0.2, 0.3, 0.4, 0.5))
    info = camera_info(Image().header, geometry)
    assert list(info.k) == [610.0, 0.0, 321.0, 0.0, 611.0, 239.0, 0.0, 0.0, 1.0]
    assert list(info.p) == [610.0, 0.0, 321.0, 0.0, 0.0, 611.0, 239.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert list(info.d) == [0.1, 0.2, 0.3, 0.4, 0.5]
