"""A folder of episodes of one task by one robot: numbering, resuming, and what is set aside."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mvp_real.demos.durable_file import in_use, sync_folder
from mvp_real.demos.episode_file import PARTIAL_SUFFIX
from mvp_real.demos.repair import repair
from mvp_real.errors import MvpRealError

SET_FILE = "set.yaml"
SET_ASIDE = "set_aside"
_NUMBER = re.compile(r"_(\d+)$")


@dataclass(frozen=True)
class EpisodeSet:
    """A folder with `<task>_<number>.mcap`, `set.yaml`, and `set_aside/` for episodes that nobody judged as good.

    Nothing is ever deleted here: what was discarded, interrupted or pruned lies in `set_aside/`, out of the way of the
    training, until a person removes it.

    Attributes:
        folder: The set.
        about: What all episodes have in common: task, robot, and hashes of what must not change between them.
        recovered: Episodes of an earlier run that was interrupted, now readable in `set_aside/`.
    """

    folder: Path
    about: Mapping[str, Any]
    recovered: tuple[Path, ...] = ()

    @staticmethod
    def open(folder: Path, about: Mapping[str, Any]) -> EpisodeSet:
        """Begin a set or go on with it; interrupted recordings in it are repaired and set aside.

        Raises:
            MvpRealError: The folder holds a set of something else, cannot be written, or is recorded into by another
                process.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MvpRealError(f"'{folder}' cannot be made: {error.strerror}") from error
        description = folder / SET_FILE
        if description.is_file():
            known = yaml.safe_load(description.read_text(encoding="utf-8")) or {}
            for key, value in about.items():
                if key in known and known[key] != value:
                    raise MvpRealError(
                        f"the set in '{folder}' has {key} '{known[key]}', this recording has '{value}'; "
                        f"choose another folder"
                    )
        else:
            text = yaml.safe_dump(dict(about), sort_keys=False, allow_unicode=True)
            try:
                description.write_text(text, encoding="utf-8")
            except OSError as error:
                raise MvpRealError(f"'{folder}' cannot be written: {error.strerror}") from error
            sync_folder(folder)
        recovered = []
        for torn in sorted(folder.glob(f"*{PARTIAL_SUFFIX}")):
            if in_use(torn):
                raise MvpRealError(
                    f"'{torn}' is being recorded by another process; end it or choose another folder"
                )
            try:
                report = repair(torn, folder / SET_ASIDE / torn.name.replace(PARTIAL_SUFFIX, ".mcap"))
            except MvpRealError:
                set_aside(torn)  # not one whole message; a person may still want to look at it
                continue
            recovered.append(report.path)
        return EpisodeSet(folder, about, tuple(recovered))

    @property
    def task(self) -> str:
        """Name of the task."""
        return str(self.about.get("task", "episode"))

    def accepted(self) -> list[Path]:
        """Finished episodes that count, in the order of their names."""
        return sorted(p for p in self.folder.glob("*.mcap") if not p.name.endswith(PARTIAL_SUFFIX))

    def next_path(self) -> Path:
        """Where the next episode goes: behind the largest number ever given here."""
        numbers = [_number(p) for f in (self.folder, self.folder / SET_ASIDE) for p in f.glob("*.mcap")]
        return self.folder / f"{self.task}_{max(numbers, default=-1) + 1:03d}.mcap"

    def aside(self, path: Path) -> Path:
        """Where an episode of this set goes that is set aside."""
        return self.folder / SET_ASIDE / path.name


def set_aside(path: Path) -> Path:
    """Move an episode out of its set, into `set_aside/` beside it.

    Returns:
        Where it lies now.
    """
    target = path.parent / SET_ASIDE / path.name
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        raise MvpRealError(f"'{target}' exists; remove one of the two")
    os.replace(path, target)
    return target


def _number(path: Path) -> int:
    match = _NUMBER.search(path.name.removesuffix(".mcap").removesuffix(".partial"))
    return int(match.group(1)) if match else -1
