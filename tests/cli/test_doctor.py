"""The report on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.cli import doctor


def test_an_altered_bundle_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.yaml").write_text("kind: encoder")
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path))
    broken = [finding for finding in doctor.bundles() if finding.name == "bundle broken"]
    assert broken
    assert broken[0].ok is False
    assert "missing" in broken[0].detail


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DEMO_PACKAGES", {"no_such_module": "no-such-distribution"})
    (lack,) = [finding for finding in doctor.packages() if finding.ok is False]
    assert "mvp_real[demo]" in lack.detail


@pytest.mark.render
def test_rendering_reports_a_failing_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "no_such_backend")
    (finding,) = doctor.rendering()
    assert finding.ok is False
    assert "libegl1" in finding.detail
