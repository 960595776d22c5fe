"""Reading the study file of walking policies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import yaml

from mvp_real.errors import unknown_name
from mvp_real.evaluation.locomotion.policies import HISTORIES
from mvp_real.evaluation.locomotion.protocol_file import WalkProtocol, load_protocol
from mvp_real.evaluation.locomotion.walk_study import WalkBlock, WalkClaim, WalkStudy, WalkStudySubject
from mvp_real.evaluation.locomotion.walk_verdict import RULES
from mvp_real.evaluation.study import StudyError


def load_walk_study(path: Path, protocol: WalkProtocol | None = None) -> WalkStudy:
    """Read and check a study file.

    Raises:
        StudyError: The file is missing, malformed, or a claim lacks what its kind needs.
        MvpRealError: It names something that does not exist; near names are suggested.
    """
    protocol = protocol or load_protocol()
    try:
        content = path.read_bytes()
        document = yaml.safe_load(content)
    except FileNotFoundError as error:
        raise StudyError(f"no study file '{path}'") from error
    except yaml.YAMLError as error:
        raise StudyError(f"'{path}' is not valid YAML: {error}") from error
    try:
        subjects = {item["name"]: WalkStudySubject(**item) for item in document["subjects"]}
        blocks = {
            item["name"]: WalkBlock(item["name"], tuple(item["rows"]), tuple(item["subjects"]))
            for item in document["blocks"]
        }
        study = WalkStudy(
            name=str(document["name"]),
            title=str(document["title"]),
            question=str(document["question"]).strip(),
            robots=str(document["robots"]),
            trials={str(name): int(count) for name, count in document["trials"].items()},
            budget_minutes=float(document["budget_minutes"]),
            subjects=subjects,
            blocks=blocks,
            claims=tuple(WalkClaim(**item) for item in document["claims"]),
            digest=hashlib.sha256(content).hexdigest(),
            path=path,
            protocol=protocol,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"'{path}': a field is missing, unknown or of the wrong kind: {error}") from error
    _check(study)
    return study


def _check(study: WalkStudy) -> None:
    for subject in study.subjects.values():
        if subject.history not in HISTORIES:
            raise unknown_name(f"history of '{subject.name}'", subject.history, HISTORIES)
    for name in study.trials:
        if name not in study.protocol.rows:
            raise unknown_name("row of 'trials'", name, study.protocol.rows)
    for block in study.blocks.values():
        study.rows(block.rows)
        for name in block.subjects:
            if name not in study.subjects:
                raise unknown_name(f"policy of block '{block.name}'", name, study.subjects)
    planned = study.planned()
    for claim in study.claims:
        if claim.kind not in RULES:
            raise unknown_name("kind of claim", claim.kind, RULES)
        rule = RULES[claim.kind]
        missing, unknown = (
            set(rule.needed) - claim.rule.keys(),
            claim.rule.keys() - {*rule.needed, *rule.optional},
        )
        if missing or unknown:
            raise StudyError(
                f"rule of claim '{claim.name}' ({claim.kind}): missing {sorted(missing)}, unknown {sorted(unknown)}"
            )
        for subject in (claim.rule["subject"], *claim.rule.get("others", ())):
            for row in study.rows(tuple(claim.rule["rows"])):
                if (subject, row.name) not in planned:
                    raise StudyError(
                        f"claim '{claim.name}' rests on '{subject}' in row '{row.name}', which no block runs"
                    )
