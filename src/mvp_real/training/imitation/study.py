"""Every controller of a study from one file: subjects x scenes x seeds, finished ones left alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import MvpRealError
from mvp_real.training.imitation.config import BehaviourCloningConfig, make_config


@dataclass(frozen=True)
class StudyTraining:
    """The trainings of a study.

    Attributes:
        demos: Folders of demonstrations by scene.
        seeds: Training seeds.
        defaults: Settings shared by all subjects.
        subjects: Settings of each subject, on top of the defaults.
    """

    demos: dict[str, list[str]]
    seeds: list[int]
    defaults: dict[str, Any]
    subjects: dict[str, dict[str, Any]]

    def configs(
        self, only: list[str] | None = None, scenes: list[str] | None = None, seeds: list[int] | None = None
    ) -> list[BehaviourCloningConfig]:
        """Settings of every training, named `<subject>_<scene>_seed<k>`, seed by seed.

        Args:
            only: Subjects to train (default all).
            scenes: Scenes to train (default all).
            seeds: Seeds to train (default all).

        Raises:
            MvpRealError: An unknown subject or scene.
        """
        for name in only or []:
            if name not in self.subjects:
                raise MvpRealError(f"the study has no subject '{name}'; it has {', '.join(self.subjects)}")
        for name in scenes or []:
            if name not in self.demos:
                raise MvpRealError(f"the study has no scene '{name}'; it has {', '.join(self.demos)}")
        return [
            make_config(
                {
                    **self.defaults,
                    **settings,
                    "name": f"{subject}_{scene}_seed{seed}",
                    "demos": folders,
                    "seed": seed,
                }
            )
            for seed in seeds or self.seeds
            for scene, folders in self.demos.items()
            if not scenes or scene in scenes
            for subject, settings in self.subjects.items()
            if not only or subject in only
        ]


def load_study(path: Path) -> StudyTraining:
    """Read `config/train/<study>.yaml`.

    Raises:
        MvpRealError: The file is missing or lacks a part.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        study = StudyTraining(
            demos={str(scene): list(folders) for scene, folders in content["demos"].items()},
            seeds=[int(seed) for seed in content["seeds"]],
            defaults=dict(content.get("defaults") or {}),
            subjects={str(name): dict(values or {}) for name, values in content["subjects"].items()},
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise MvpRealError(
            f"'{path}' is not a study's training file (demos, seeds, subjects): {error!r}"
        ) from error
    return study
