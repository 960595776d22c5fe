"""Rows of a study that were published before, so that it goes on from them where the trial log is gone.

A published row is one of the `results.json` that is committed beside the study file. It holds the outcome at
every placement, so it stands for its trials in every rate, test and verdict; what a single trial looked like
(place, cause, clip) is known of the trials in the log alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mvp_real.evaluation.git import git
from mvp_real.evaluation.placements import named_setups
from mvp_real.evaluation.statistics import proportion
from mvp_real.evaluation.study import Block, Study, StudyError, label
from mvp_real.evaluation.summary import RESULTS_FILE, SuccessRow, success_metric
from mvp_real.evaluation.trials import RowKey


@dataclass(frozen=True)
class PublishedTrial:
    """How one trial of a published row ended."""

    subject: str
    scene: str
    placement: str
    through: str
    success: bool


@dataclass(frozen=True)
class PublishedRow:
    """A complete row of published results.

    Attributes:
        success: The row; `success.measured` says where it comes from.
        placements: Ids of its placements, in the order of `success.outcomes`.
        note: What the results say about its subject: bundle, digest, encoder, card.
    """

    success: SuccessRow
    placements: tuple[str, ...]
    note: dict[str, Any]

    def trials(self) -> list[PublishedTrial]:
        """How each of its trials ended."""
        row = self.success
        return [
            PublishedTrial(row.subject, row.scene, placement, row.through, digit == "1")
            for placement, digit in zip(self.placements, row.outcomes, strict=True)
        ]


def published_rows(study: Study) -> list[PublishedRow]:
    """Every complete row of the results that are committed beside a study; none where there are none.

    A row that lacks placements is left out: which ones it has cannot be told, so it is run again.

    Raises:
        StudyError: The results belong to another version of the study, or contradict themselves.
    """
    # The last commit's, whatever lies in the working tree.
    content = git(study.path.resolve().parent, "show", f"HEAD:./{RESULTS_FILE}")
    if content is None:
        return []
    where = f"the committed '{study.path.parent / RESULTS_FILE}'"
    try:
        document = json.loads(content)
        if document["study_sha256"] != study.digest:
            raise StudyError(
                f"{where} was measured with another version of '{study.path}'; a study is not changed after its "
                "first trial: restore the file, or remove the results and commit that"
            )
        found = {(row["subject"], row["metric"]): row for row in document["rows"] if "outcomes" in row}
        notes = {(note["label"], note["bundle"]): note for note in document["subjects"]}
        origin = _origin(document["provenance"])
        rows: dict[RowKey, PublishedRow] = {}
        for block in study.blocks.values():
            for name, scene, seed in block.rows():
                metric = success_metric(scene, block.placement_set, block.through)
                record = found.get((label(name, seed), metric))
                if record is None:
                    continue
                note = notes[(label(name, seed), study.subjects[name].bundle_of(scene, seed))]
                row = _row(record, block, scene, note, origin)
                if len(row.placements) == row.success.rate.n:
                    rows[row.success.key] = row
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{where} cannot be read ({error!r}); restore it, or remove it") from error
    return list(rows.values())


def _row(row: dict[str, Any], block: Block, scene: str, note: dict[str, Any], origin: str) -> PublishedRow:
    """One row as it was published.

    Raises:
        ValueError: Its counts are not those of its outcomes.
    """
    names = sorted(setup.name for setup in named_setups(block.placements, scene, block.placement_seed))
    outcomes = row["outcomes"]
    if set(outcomes) - {"0", "1"} or (row["k"], row["n"]) != (outcomes.count("1"), len(outcomes)):
        raise ValueError(f"row {row['subject']}/{row['metric']} contradicts its outcomes")
    success = SuccessRow(
        row["subject"],
        scene,
        block.placement_set,
        block.through,
        proportion(row["k"], row["n"]),
        row["failures"],
        row["median_lateral_miss"],
        row["median_duration"],
        outcomes,
        row.get("measured", origin),
    )
    return PublishedRow(success, tuple(names), note)


def _origin(provenance: dict[str, Any]) -> str:
    changes = " with uncommitted changes" if provenance["uncommitted_changes"] else ""
    return f"commit {provenance['commit']}{changes}, {provenance['created']}, {provenance['machine']}"
