"""The same bundles at the same placements, in one process and through the nodes (evaluation protocol E7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.evaluation import pick_fruit
from mvp_real.evaluation.subjects import load_subject
from mvp_real.evaluation.trials import TrialLog, TrialRecord

from .constant_controller import constant_controller

pytest.importorskip("rclpy")
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "pick_fruit_oracle"


def physics(record: TrialRecord) -> tuple[object, ...]:
    """What the physics decided: equal to the last digit, or the loops differ."""
    return (
        record.success, record.category, record.steps, record.height, record.lateral_miss,
        round(record.duration, 3), record.digest, record.order,
    )  # fmt: skip


@pytest.mark.nodes
@pytest.mark.slow
def test_trials_end_the_same_way_through_the_nodes(tmp_path: Path) -> None:
    closing = constant_controller(tmp_path / "closing", [0.0, 0.02, 0.0, 0.0, 0.0, 0.02, 0.0, -0.2])
    turning = constant_controller(tmp_path / "turning", [0.03] + [0.0] * 6 + [-0.2])
    directories = [closing, turning, *([SHIPPED] if (SHIPPED / "card.yaml").is_file() else [])]
    subjects = [load_subject(str(directory)) for directory in directories]
    log = TrialLog(tmp_path / "out")
    for through in ("process", "nodes"):
        evaluation = pick_fruit.Evaluation(subjects, ("varied",), "random:2", through, seed=3, clips="none")
        assert pick_fruit.run(evaluation, log, tmp_path / "out")
    here = {t.key[:3]: physics(t) for t in log.trials if t.through == "process"}
    there = {t.key[:3]: physics(t) for t in log.trials if t.through == "nodes"}
    assert len(here) == 2 * len(subjects)
    assert here == there
