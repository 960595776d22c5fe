"""Reads demonstrations, also those whose writer was killed: everything before the damage is returned."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos import topics
from mvp_real.demos.alignment import TargetStream, control_steps, nearest
from mvp_real.demos.cdr import NANOSECONDS
from mvp_real.demos.image_codec import COMPRESSED_SUFFIX, image_array
from mvp_real.demos.mcap_stream import DecodedMessage, MetadataRecord, decoded_records
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

DEFAULT_OPEN_THRESHOLD = 0.85
DEFAULT_CONTROL_PERIOD = 0.2
IMAGE_SUFFIX = "/image"
# What messages of other types, other sizes or with damaged content lead to.
_FOREIGN = (
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    struct.error,
)


class FrameSequence:
    """The images of one camera at the steps of a demonstration, decoded one by one while iterating: (H, W, 3) uint8
    RGB each.

    Args:
        path: The recording.
        stamps: Capture time of the image at each step, ns, not descending; one image may serve several steps.
        topic: The camera's image topic.
    """

    def __init__(self, path: Path, stamps: list[int], topic: str = topics.WRIST_IMAGE) -> None:
        self._path = path
        self._stamps = stamps
        self._topic = topic

    def __len__(self) -> int:
        return len(self._stamps)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        step = 0
        for record in decoded_records(self._path, only=(self._topic, self._topic + COMPRESSED_SUFFIX)):
            if step == len(self._stamps):
                return
            if not isinstance(record, DecodedMessage):
                continue
            if header_nanoseconds(record.content) == self._stamps[step]:
                pixels = image_array(record.content)
                while step < len(self._stamps) and self._stamps[step] == header_nanoseconds(record.content):
                    yield pixels
                    step += 1


@dataclass(frozen=True)
class Demonstration:
    """One demonstration as arrays over its N control steps.

    Attributes:
        id: Name of the file without suffix.
        metadata: What the recorder knew, with the outcome under "outcome".
        stamps: (N,) capture time of each image, s.
        state: (N, n) joint angles, rad; where the robot has a gripper it comes last as the open flag (1.0 where the
            measured opening is above the threshold).
        opening: (N,) measured gripper opening, fraction.
        clean: (N, n) targets the demonstrator meant; equal to `executed` where none was recorded apart.
        executed: (N, n) targets sent to the robot.
        oracle: (N, D) privileged state of the simulator, or None.
        frames: The N wrist images, decoded lazily.
        complete: The file ends with an index; False after a crash.
        joint_names: The n joints in order.
        views: The N images of every camera by its name, the wrist camera included.
    """

    id: str
    metadata: dict[str, Any]
    stamps: FloatArray
    state: FloatArray
    opening: FloatArray
    clean: FloatArray
    executed: FloatArray
    oracle: NDArray[np.float32] | None
    frames: FrameSequence
    complete: bool
    joint_names: tuple[str, ...] = ()
    views: dict[str, FrameSequence] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.stamps)


@dataclass
class _Streams:
    """Everything in a file by its capture time in ns, images left where they are."""

    metadata: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    images: dict[str, list[int]] = field(default_factory=dict)
    joints: dict[int, FloatArray] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    executed: dict[int, tuple[int, FloatArray]] = field(default_factory=dict)
    clean: dict[int, tuple[int, FloatArray]] = field(default_factory=dict)
    oracle: dict[int, NDArray[np.float32]] = field(default_factory=dict)


def read_demonstration(path: Path) -> Demonstration:
    """Read one demonstration; images stay on disk.

    A step counts only if its image, a joint reading within 50 ms and its target are all present; the torn
    last step of an interrupted recording is left out.

    Raises:
        MvpRealError: The file is not an MCAP file or holds no complete step.
    """
    path = Path(path)
    try:
        return _demonstration(path, _read_streams(path))
    except _FOREIGN as error:
        raise MvpRealError(
            f"'{path}' holds what is not of a demonstration ({type(error).__name__}: {error}); "
            "was it recorded by something else, or altered?"
        ) from error


def _demonstration(path: Path, streams: _Streams) -> Demonstration:
    asynchronous = streams.metadata.get("sampling") == topics.ASYNCHRONOUS
    stamps, executed, clean = _cut(streams) if asynchronous else _match(streams)
    readings = sorted(streams.joints)
    found = [nearest(readings, stamp) for stamp in stamps]
    kept = [i for i, reading in enumerate(found) if reading is not None]
    if not kept:
        raise MvpRealError(f"'{path}' holds no complete step; delete it and record again")
    stamps = [stamps[i] for i in kept]
    position = np.stack([streams.joints[readings[k]] for k in found if k is not None])
    state = position.copy()
    if not streams.names or streams.names[-1].endswith("gripper"):
        threshold = float(streams.metadata.get("gripper_open_threshold", DEFAULT_OPEN_THRESHOLD))
        state[:, -1] = (position[:, -1] > threshold).astype(np.float64)
    has_oracle = all(stamp in streams.oracle for stamp in stamps)
    return Demonstration(
        id=path.name.removesuffix(".mcap").removesuffix(".partial"),
        metadata=streams.metadata,
        stamps=np.array(stamps) / NANOSECONDS,
        state=state,
        opening=position[:, -1].copy(),
        clean=np.stack([clean[i] for i in kept]),
        executed=np.stack([executed[i] for i in kept]),
        oracle=np.stack([streams.oracle[stamp] for stamp in stamps]) if has_oracle else None,
        frames=FrameSequence(path, stamps),
        complete=streams.complete,
        joint_names=streams.names,
        views=_views(path, streams.images, stamps),
    )


def demonstration_paths(*folders: Path) -> list[Path]:
    """Finished demonstrations of one or several folders, sorted by name within each.

    Raises:
        MvpRealError: A folder holds none.
    """
    found: list[Path] = []
    for folder in folders:
        paths = sorted(p for p in Path(folder).glob("*.mcap") if not p.name.endswith(".partial.mcap"))
        if not paths:
            raise MvpRealError(
                f"no demonstration (*.mcap) in '{folder}'; record some with: mvp_real record --expert "
                f"--out {folder}"
            )
        found += paths
    return found


def feature_array(message: Any) -> NDArray[np.float32]:
    """The tokens of a decoded 32FC1 `sensor_msgs/Image`, (T, D) float32."""
    if message.encoding != "32FC1":
        raise MvpRealError(f"expected a 32FC1 feature, the recording has '{message.encoding}'")
    return np.frombuffer(message.data, dtype="<f4").reshape(message.height, message.width)


def header_nanoseconds(message: Any) -> int:
    """Stamp of a decoded message with a header, ns."""
    stamp = message.header.stamp
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def _read_streams(path: Path) -> _Streams:
    streams = _Streams()
    for record in decoded_records(path):
        if isinstance(record, MetadataRecord):
            values = {key: json.loads(value) for key, value in record.values.items()}
            if record.name == topics.METADATA_RECORD:
                streams.metadata.update(values)
            elif record.name == topics.OUTCOME_RECORD:
                streams.metadata["outcome"] = values
                streams.complete = True
            continue
        topic, message = record.topic.removesuffix(COMPRESSED_SUFFIX), record.content
        if topic.endswith(IMAGE_SUFFIX):
            streams.images.setdefault(topic, []).append(header_nanoseconds(message))
        elif topic == topics.JOINT_STATES:
            streams.joints[header_nanoseconds(message)] = np.asarray(message.position, dtype=np.float64)
            streams.names = streams.names or tuple(message.name)
        elif topic == topics.JOINT_TARGET:
            _keep_point(streams.executed, message)
        elif topic == topics.CLEAN_TARGET:
            _keep_point(streams.clean, message)
        elif topic == topics.ORACLE:
            streams.oracle[header_nanoseconds(message)] = feature_array(message)[0]
    return streams


def _match(streams: _Streams) -> tuple[list[int], list[FloatArray], list[FloatArray]]:
    """Steps of a recording whose images and targets share their stamps."""
    labelled = streams.clean or streams.executed
    images = streams.images.get(topics.WRIST_IMAGE, [])
    stamps = [stamp for stamp in images if stamp in streams.executed and stamp in labelled]
    return stamps, [streams.executed[s][1] for s in stamps], [labelled[s][1] for s in stamps]


def _cut(streams: _Streams) -> tuple[list[int], list[FloatArray], list[FloatArray]]:
    """Steps of a recording whose streams run at their own rates: what was to be reached one period later."""
    images = sorted(streams.images.get(topics.WRIST_IMAGE, []))
    executed = _target_stream(streams.executed)
    clean = _target_stream(streams.clean) if streams.clean else executed
    if not executed.stamps:
        return [], [], []
    period = round(float(streams.metadata.get("control_period", DEFAULT_CONTROL_PERIOD)) * NANOSECONDS)
    begin = max(executed.due[0], clean.due[0]) - period
    stamps, sent, meant = [], [], []
    for index in control_steps(images, begin, period):
        step = executed.due_by(images[index] + period), clean.due_by(images[index] + period)
        if step[0] is not None and step[1] is not None:
            stamps.append(images[index])
            sent.append(step[0])
            meant.append(step[1])
    return stamps, sent, meant


def _target_stream(targets: dict[int, tuple[int, FloatArray]]) -> TargetStream:
    stamps = sorted(targets)
    due = np.maximum.accumulate([stamp + targets[stamp][0] for stamp in stamps]) if stamps else []
    return TargetStream(stamps, [int(time) for time in due], [targets[stamp][1] for stamp in stamps])


def _keep_point(targets: dict[int, tuple[int, FloatArray]], message: Any) -> None:
    """Note the target of a trajectory message; one without points means "hold" and carries no label."""
    if message.points:
        point = message.points[0]
        duration = int(point.time_from_start.sec) * NANOSECONDS + int(point.time_from_start.nanosec)
        position = np.asarray(point.positions, dtype=np.float64)
        targets[header_nanoseconds(message)] = (duration, position)


def _views(path: Path, images: dict[str, list[int]], stamps: list[int]) -> dict[str, FrameSequence]:
    """Every camera at the steps, its images being those nearest to the wrist camera's."""
    views = {}
    for topic, times in images.items():
        ordered = sorted(times)
        chosen = [nearest(ordered, stamp, tolerance=NANOSECONDS) for stamp in stamps]
        if all(index is not None for index in chosen):
            name = topic.removesuffix(IMAGE_SUFFIX)
            views[name] = FrameSequence(path, [ordered[i] for i in chosen if i is not None], topic)
    return views
