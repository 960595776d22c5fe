"""Reads demonstrations, also those whose writer was killed: everything before the damage is returned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.demos import topics
from mvp_real.demos.mcap_stream import DecodedMessage, MetadataRecord, decoded_records
from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray

DEFAULT_OPEN_THRESHOLD = 0.85
STAMP_TOLERANCE = 0.05
"""Largest skew between an image and the joint reading that belongs to it, s."""


class FrameSequence:
    """The wrist images of a demonstration, decoded one by one while iterating: (480, 640, 3) uint8 each."""

    def __init__(self, path: Path, stamps: FloatArray) -> None:
        self._path = path
        self._stamps = stamps

    def __len__(self) -> int:
        return len(self._stamps)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        wanted = {round(stamp * 1e9) for stamp in self._stamps}
        for record in decoded_records(self._path, only=(topics.WRIST_IMAGE,)):
            if isinstance(record, DecodedMessage) and _stamp_nanoseconds(record.content.header) in wanted:
                yield image_array(record.content)


@dataclass(frozen=True)
class Demonstration:
    """One demonstration as arrays over its N control steps.

    Attributes:
        id: Name of the file without suffix.
        metadata: What the recorder knew, with the outcome under "outcome".
        stamps: (N,) capture time of each image, s.
        state: (N, 8) seven joint angles, rad, and the open flag (1.0 where the measured opening is above the
            threshold).
        opening: (N,) measured gripper opening, fraction.
        clean: (N, 8) targets the demonstrator meant; equal to `executed` where none was recorded apart.
        executed: (N, 8) targets sent to the robot.
        oracle: (N, D) privileged state of the simulator, or None.
        frames: The N wrist images, decoded lazily.
        complete: The file ends with an index; False after a crash.
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

    def __len__(self) -> int:
        return len(self.stamps)


def read_demonstration(path: Path) -> Demonstration:
    """Read one demonstration; images stay on disk.

    A step counts only if its image, a joint reading within 50 ms and its target are all present; the torn
    last step of an interrupted recording is left out.

    Raises:
        MvpRealError: The file is not an MCAP file or holds no complete step.
    """
    path = Path(path)
    metadata: dict[str, Any] = {}
    images: list[float] = []
    joints: dict[float, FloatArray] = {}
    executed: dict[float, FloatArray] = {}
    clean: dict[float, FloatArray] = {}
    oracle: dict[float, NDArray[np.float32]] = {}
    complete = False
    for record in decoded_records(path):
        if isinstance(record, MetadataRecord):
            values = {key: json.loads(value) for key, value in record.values.items()}
            if record.name == topics.METADATA_RECORD:
                metadata.update(values)
            elif record.name == topics.OUTCOME_RECORD:
                metadata["outcome"] = values
                complete = True
            continue
        stamp = _stamp_nanoseconds(record.content.header) / 1e9
        if record.topic == topics.WRIST_IMAGE:
            images.append(stamp)
        elif record.topic == topics.JOINT_STATES:
            joints[stamp] = np.asarray(record.content.position, dtype=np.float64)
        elif record.topic == topics.JOINT_TARGET:
            _keep_point(executed, stamp, record.content)
        elif record.topic == topics.CLEAN_TARGET:
            _keep_point(clean, stamp, record.content)
        elif record.topic == topics.ORACLE:
            oracle[stamp] = feature_array(record.content)[0]
    labelled = clean or executed
    steps = [stamp for stamp in images if stamp in executed and stamp in labelled]
    readings = [_nearest(joints, stamp) for stamp in steps]
    kept = [i for i, reading in enumerate(readings) if reading is not None]
    if not kept:
        raise MvpRealError(f"'{path}' holds no complete step; delete it and record again")
    stamps = np.array([steps[i] for i in kept])
    position = np.stack([reading for reading in readings if reading is not None])
    threshold = float(metadata.get("gripper_open_threshold", DEFAULT_OPEN_THRESHOLD))
    state = position.copy()
    state[:, -1] = (position[:, -1] > threshold).astype(np.float64)
    has_oracle = all(stamp in oracle for stamp in stamps)
    return Demonstration(
        id=path.name.removesuffix(".mcap").removesuffix(".partial"),
        metadata=metadata,
        stamps=stamps,
        state=state,
        opening=position[:, -1].copy(),
        clean=np.stack([labelled[stamp] for stamp in stamps]),
        executed=np.stack([executed[stamp] for stamp in stamps]),
        oracle=np.stack([oracle[stamp] for stamp in stamps]) if has_oracle else None,
        frames=FrameSequence(path, stamps),
        complete=complete,
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


def image_array(message: Any) -> NDArray[np.uint8]:
    """The pixels of a decoded rgb8 `sensor_msgs/Image`, (H, W, 3) uint8 RGB."""
    if message.encoding != "rgb8":
        raise MvpRealError(f"expected an rgb8 image, the recording has '{message.encoding}'")
    return np.frombuffer(message.data, dtype=np.uint8).reshape(message.height, message.width, 3)


def feature_array(message: Any) -> NDArray[np.float32]:
    """The tokens of a decoded 32FC1 `sensor_msgs/Image`, (T, D) float32."""
    if message.encoding != "32FC1":
        raise MvpRealError(f"expected a 32FC1 feature, the recording has '{message.encoding}'")
    return np.frombuffer(message.data, dtype="<f4").reshape(message.height, message.width)


def _stamp_nanoseconds(header: Any) -> int:
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)


def _keep_point(targets: dict[float, FloatArray], stamp: float, message: Any) -> None:
    """Note the target of a trajectory message; one without points means "hold" and carries no label."""
    if message.points:
        targets[stamp] = np.asarray(message.points[0].positions, dtype=np.float64)


def _nearest(readings: dict[float, FloatArray], stamp: float) -> FloatArray | None:
    exact = readings.get(stamp)
    if exact is not None or not readings:
        return exact
    best = min(readings, key=lambda other: abs(other - stamp))
    return readings[best] if abs(best - stamp) <= STAMP_TOLERANCE else None
