"""Images for pre-training the encoder and for probing it, written as shards that can be resumed.

A shard is one job of one process with its own random stream, so any number of workers gives the same images,
and an interrupted run goes on with the shards that are missing. Per shard k: `images_kkk.npy` uint8 (N, S,
S, 3), written last and renamed into place, and `poses_kkk.npy` float32 (N, 9), columns
`image_scenes.POSE_COLUMNS`. A probe folder holds one `images.npy` and one `labels.npy` instead.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError, require, unknown_name
from mvp_real.tasks.image_scenes import POSE_COLUMNS, POSE_KINDS, SCENE_KINDS, SceneSampler
from mvp_real.tasks.photographs import PhotographCrops
from mvp_real.tasks.pick_fruit_world import PickFruitWorld

# One word per kind of set: their random streams, and so their scenes, never overlap.
KINDS = {"train": 11, "held_out": 12, "probe": 13, "probe_plain": 14}
MAE_SIDE = 112
POSES_PER_SCENE = 4
_MIXTURE = {"plain": 0.15, "varied": 0.50, "wide": 0.35}


@dataclass(frozen=True)
class ImageSet:
    """What to generate.

    Attributes:
        kind: "train" or "held_out" (112 px, mixture of scenes), "probe" or "probe_plain" (task scenes only,
            through the 640x480 path of the robot).
        count: Number of images.
        seed: Base of the random streams.
        photographs: Share of crops of real photographs, 0 to 1 (not in probes).
        shard: Images per shard.
        probe_side: Side of probe images, px.
    """

    kind: str
    count: int
    seed: int = 0
    photographs: float = 0.0
    shard: int = 2000
    probe_side: int = 96

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown_name("image set", self.kind, KINDS)
        if self.count < 1 or self.shard < 1:
            raise MvpRealError(
                f"an image set needs at least one image per shard; got {self.count} in {self.shard}"
            )
        if not 0.0 <= self.photographs <= 1.0:
            raise MvpRealError(f"the share of photographs is {self.photographs}; needs 0 to 1")

    @property
    def is_probe(self) -> bool:
        """Whether the set goes through the robot's own image path."""
        return self.kind.startswith("probe")

    def shards(self) -> list[tuple[int, int]]:
        """(number, images) of every shard."""
        full = [(k, self.shard) for k in range(self.count // self.shard)]
        rest = self.count % self.shard
        return [*full, (len(full), rest)] if rest else full


def encoder_crop(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(240, 320, 3) to (112, 112, 3): the same field of view as the lower-centre crop of 640x480, halved by
    area.
    """
    crop = image[16:240, 48:272].astype(np.uint16)
    total = crop[0::2, 0::2] + crop[0::2, 1::2] + crop[1::2, 0::2] + crop[1::2, 1::2]
    return ((total + 2) // 4).astype(np.uint8)


def generate(images: ImageSet, directory: Path, workers: int = 1, progress: bool = True) -> int:
    """Write an image set; finished shards are kept. Returns the number of images rendered now.

    Raises:
        MvpRealError: The directory holds another set.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _write_meta(images, directory)
    missing = [job for job in images.shards() if not _shard_path(directory, job[0]).exists()]
    tqdm = require("tqdm", "sim").tqdm
    rendered = 0
    with tqdm(
        total=images.count,
        initial=images.count - sum(n for _, n in missing),
        unit="image",
        desc=directory.name,
        disable=not progress,
        dynamic_ncols=True,
    ) as bar:
        for count in _run(images, directory, missing, workers):
            rendered += count
            bar.update(count)
    if images.is_probe:
        _join_probe(images, directory)
    return rendered


def _run(images: ImageSet, directory: Path, jobs: list[tuple[int, int]], workers: int) -> Iterator[int]:
    if workers <= 1:
        renderer = ShardRenderer(images)
        for number, count in jobs:
            yield renderer.write(directory, number, count)
        renderer.close()
        return
    # Spawn, never fork: a GL context does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(images,)
    ) as pool:
        for future in as_completed([pool.submit(_worker_write, directory, *job) for job in jobs]):
            yield future.result()


_worker_renderer: ShardRenderer | None = None


def _start_worker(images: ImageSet) -> None:
    global _worker_renderer
    os.environ.setdefault("LP_NUM_THREADS", "1")  # software GL would start a thread per core in each process
    _worker_renderer = ShardRenderer(images)


def _worker_write(directory: Path, number: int, count: int) -> int:
    assert _worker_renderer is not None
    return _worker_renderer.write(directory, number, count)


class ShardRenderer:
    """Renders shards of one image set in this process.

    Args:
        images: The set.
    """

    def __init__(self, images: ImageSet) -> None:
        self._images = images
        width, height = (640, 480) if images.is_probe else (320, 240)
        self._world = PickFruitWorld(width, height, scene_camera=False, samples=0 if images.is_probe else 4)
        self._sampler = SceneSampler(self._world)
        self._photographs = PhotographCrops() if images.photographs > 0 and not images.is_probe else None
        self._preprocessing = Preprocessing(size=images.probe_side)

    def write(self, directory: Path, number: int, count: int) -> int:
        """Render one shard and write it; returns its number of images."""
        pictures, poses = self.shard(number, count)
        np.save(directory / f"poses_{number:03d}.npy", poses)
        partial = directory / f"images_{number:03d}.npy.tmp"
        with partial.open("wb") as file:
            np.save(file, pictures)
        partial.rename(_shard_path(directory, number))
        return count

    def shard(self, number: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Images (count, S, S, 3) and label rows (count, 9) of a shard."""
        images = self._images
        generator = np.random.default_rng(np.random.SeedSequence([KINDS[images.kind], images.seed, number]))
        side = images.probe_side if images.is_probe else MAE_SIDE
        pictures = np.empty((count, side, side, 3), np.uint8)
        poses = np.full((count, len(POSE_COLUMNS)), np.nan, np.float32)
        filled = 0
        while filled < count:
            kind = self._draw_scene(generator)
            for _ in range(min(POSES_PER_SCENE, count - filled)):
                if self._photographs is not None and generator.random() < images.photographs:
                    pictures[filled] = self._photographs.crop(generator, side)
                else:
                    poses[filled] = self._draw_pose(generator, kind)
                    picture = self._world.wrist_image()
                    pictures[filled] = (
                        self._preprocessing.pixels(picture) if images.is_probe else encoder_crop(picture)
                    )
                filled += 1
        order = generator.permutation(count)  # neighbours in a shard shall not share a scene
        return pictures[order], poses[order]

    def _draw_scene(self, generator: Generator) -> int:
        # Training seeds above 10^6 and a block per kind: disjoint from those of demonstrations and of other
        # sets.
        seed = KINDS[self._images.kind] * 10**8 + int(generator.integers(10**7))
        if self._images.kind == "probe_plain":
            name = "plain"
        elif self._images.kind == "probe":
            name = "varied"
        else:
            name = str(generator.choice(list(_MIXTURE), p=list(_MIXTURE.values())))
        if name == "wide":
            self._sampler.wide_scene(generator, seed)
        else:
            self._sampler.task_scene(generator, name, seed)
        return SCENE_KINDS.index(name)

    def _draw_pose(self, generator: Generator, kind: int) -> NDArray[np.float32]:
        wide = SCENE_KINDS[kind] == "wide"
        while True:
            pose = self._sampler.pose(generator, spread=3.0 if wide else 1.0)
            labels = self._sampler.take(pose, kind).astype(np.float32)
            if not self._images.is_probe:
                return labels
            # A probe asks where a visible fruit on the table is; one in the hand is always in the same place.
            if POSE_KINDS[pose.kind] in ("start", "above", "funnel") and self._sampler.fruit_visible():
                return labels

    def close(self) -> None:
        """Free the renderer."""
        self._world.close()


def _shard_path(directory: Path, number: int) -> Path:
    return directory / f"images_{number:03d}.npy"


def _write_meta(images: ImageSet, directory: Path) -> None:
    path = directory / "meta.json"
    meta = {**asdict(images), "columns": POSE_COLUMNS, "scene_kinds": SCENE_KINDS, "pose_kinds": POSE_KINDS}
    meta["mixture"] = None if images.is_probe else _MIXTURE
    if images.photographs > 0 and not images.is_probe:
        meta["photograph_names"] = PhotographCrops().names
    meta = json.loads(json.dumps(meta))
    if path.exists():
        present = json.loads(path.read_text())
        different = [key for key in meta if key != "count" and present.get(key) != meta[key]]
        if different:
            key = different[0]
            raise MvpRealError(
                f"{directory} holds another image set ({key} is {present.get(key)!r}, wanted {meta[key]!r}); "
                "choose another folder"
            )
    path.write_text(json.dumps(meta, indent=2) + "\n")


def _join_probe(images: ImageSet, directory: Path) -> None:
    """One `images.npy` and `labels.npy` in shard order."""
    numbers = [number for number, _ in images.shards()]
    np.save(directory / "images.npy", np.concatenate([np.load(_shard_path(directory, k)) for k in numbers]))
    np.save(
        directory / "labels.npy", np.concatenate([np.load(directory / f"poses_{k:03d}.npy") for k in numbers])
    )
