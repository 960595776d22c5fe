"""Reading a study file, and making sure that it was registered before its first trial."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

from mvp_real.errors import unknown_name
from mvp_real.evaluation.git import git
from mvp_real.evaluation.study import Block, Claim, Study, StudyError, StudySubject
from mvp_real.evaluation.verdict import RULES

SCENES = ("plain", "varied")
THROUGH = ("nodes", "process")


def load_study(path: Path) -> Study:
    """Read and check a study file.

    Raises:
        StudyError: The file is missing, malformed, or names something that it does not define.
    """
    try:
        content = path.read_bytes()
        document = yaml.safe_load(content)
    except FileNotFoundError as error:
        raise StudyError(f"no study file '{path}'") from error
    except yaml.YAMLError as error:
        raise StudyError(f"'{path}' is not valid YAML: {error}") from error
    try:
        subjects = {item["name"]: StudySubject(**item) for item in document["subjects"]}
        blocks = {item["name"]: _block(item, document, list(subjects)) for item in document["blocks"]}
        claims = tuple(Claim(**item) for item in document["claims"])
        study = Study(
            str(document["name"]),
            str(document["title"]),
            str(document["question"]).strip(),
            subjects,
            blocks,
            claims,
            hashlib.sha256(content).hexdigest(),
            path,
        )
    except (KeyError, TypeError) as error:
        raise StudyError(f"'{path}': a field is missing, unknown or of the wrong kind: {error}") from error
    for claim in claims:
        if claim.kind not in RULES:
            raise unknown_name("kind of claim", claim.kind, RULES)
        if claim.block not in blocks:
            raise unknown_name(f"block of claim '{claim.name}'", claim.block, blocks)
        RULES[claim.kind].check(claim, study)
    return study


def require_registered(study: Study) -> None:
    """Refuse to start a study whose file is not committed as it stands.

    Raises:
        StudyError: The file is unknown to git or differs from the commit.
    """
    folder = study.path.resolve().parent
    name = study.path.name
    tracked = git(folder, "ls-files", "--error-unmatch", "--", name)
    changed = git(folder, "status", "--porcelain", "--", name)
    if tracked is None or changed is None or changed:
        raise StudyError(
            f"'{study.path}' is not committed as it stands; a study is registered before its first trial: "
            f"git commit {study.path}"
        )


def _block(item: dict[str, Any], document: dict[str, Any], known: list[str]) -> Block:
    subjects = tuple(known if item["subjects"] == "all" else item["subjects"])
    for name in subjects:
        if name not in known:
            raise unknown_name(f"subject of block '{item['name']}'", name, known)
    for scene in item["scenes"]:
        if scene not in SCENES:
            raise unknown_name(f"scene of block '{item['name']}'", scene, SCENES)
    if item["through"] not in THROUGH:
        raise unknown_name(f"'through' of block '{item['name']}'", item["through"], THROUGH)
    return Block(
        item["name"],
        item["through"],
        tuple(item["scenes"]),
        item["placements"],
        int(item.get("placement_seed", document.get("placement_seed", 0))),
        tuple(item.get("seeds", document["training_seeds"])),
        subjects,
    )
