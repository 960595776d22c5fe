from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

RUNNER = Path(__file__).parents[2] / "benchmarks" / "run.py"
ROW = {"name": "a", "value": 1.5, "unit": "ms", "peer": "b", "ratio": 0.5, "machine_note": "m"}


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_runner", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    benchmarks = tmp_path / "benchmarks"
    benchmarks.mkdir()
    write = "from pathlib import Path\nimport json, sys\n"
    (benchmarks / "good.py").write_text(
        f'"""Writes a row."""\n{write}Path("benchmarks/results.json").write_text(json.dumps([{ROW!r}]))\n'
    )
    (benchmarks / "broken.py").write_text('"""Fails."""\nraise SystemExit(3)\n')
    (benchmarks / "result_rows.py").write_text("raise SystemExit('not a benchmark')\n")
    return benchmarks


def test_scripts_run_from_the_repository_and_a_failure_is_named(
    runner: ModuleType, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert runner.main([], folder) == 1
    output = capfd.readouterr()
    assert "FAILED with code 3" in output.out
    assert "failed: broken" in output.err
    assert json.loads((folder / "results.json").read_text()) == [ROW]
    assert runner.main(["good"], folder) == 0


def test_unknown_names_list_the_known_ones(
    runner: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.main(["fast"], folder) == 2
    assert "broken, good" in capsys.readouterr().err
    assert runner.main(["--list"], folder) == 0
    assert "Writes a row." in capsys.readouterr().out


def test_rows_without_a_figure_are_found(runner: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert runner.problems(path) == []
    path.write_text(json.dumps([ROW, {**ROW, "value": None, "name": "c"}, ROW, {"name": "d"}]))
    assert [line.split("'")[1] for line in runner.problems(path)] == ["c", "a", "d"]


def test_the_shipped_results_are_well_formed(runner: ModuleType) -> None:
    assert runner.problems(RUNNER.parent / "results.json") == []


def test_every_benchmark_says_what_it_measures(runner: ModuleType) -> None:
    for script in runner.scripts(RUNNER.parent):
        assert runner.summary(script), script
