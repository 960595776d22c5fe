"""The wrappers in bin/ are those that the list writes, and both halves of them run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.systems.executables import (
    EXECUTABLES,
    NEEDED_PACKAGES,
    require_packages,
    wrapper_text,
    write_wrappers,
)

BIN = Path(__file__).resolve().parents[2] / "bin"


def test_bin_is_in_step_with_the_list() -> None:
    assert sorted(path.name for path in BIN.iterdir()) == sorted(EXECUTABLES)
    for name, module in EXECUTABLES.items():
        path = BIN / name
        assert path.read_text(encoding="utf-8") == wrapper_text(module)
        assert os.access(path, os.X_OK)


def test_every_module_exists() -> None:
    for module in EXECUTABLES.values():
        assert importlib.util.find_spec(module) is not None


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(NEEDED_PACKAGES) == sorted(EXECUTABLES)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mujoco" else name)
    require_packages("encoder")
    with pytest.raises(MvpRealError, match=r"'sim_bridge' needs the package 'mujoco'.*mvp_real\[sim\]"):
        require_packages("sim_bridge")


def run_wrapper(tmp_path: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (tmp_path / "lib").mkdir()
    (tmp_path / "probe.py").write_text(
        "import sys\ndef main():\n    print(sys.executable, sys.argv[1:])\n    return 7\n", encoding="utf-8"
    )
    wrapper = tmp_path / "lib" / "probe"
    wrapper.write_text(wrapper_text("probe"), encoding="utf-8")
    wrapper.chmod(0o755)
    return subprocess.run(
        [wrapper, "--ros-args", "a b"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wrapper_runs_main_with_arguments_and_its_code(tmp_path: Path) -> None:
    done = run_wrapper(tmp_path, {"MVP_REAL_PYTHON": sys.executable})
    assert done.returncode == 7, done.stderr
    assert done.stdout.split()[0] == sys.executable
    assert "['--ros-args', 'a b']" in done.stdout


def test_write_wrappers_writes_the_whole_list(tmp_path: Path) -> None:
    assert sorted(path.name for path in write_wrappers(tmp_path / "bin")) == sorted(EXECUTABLES)
