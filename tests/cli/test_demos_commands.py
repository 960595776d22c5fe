"""`mvp_real demos ...` on small recordings."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mvp_real.cli.demos_session import session_processes
from mvp_real.cli.main import main
from mvp_real.demos.prune import PruneRules, own_faults
from mvp_real.demos.reader import read_demonstration
from mvp_real.demos.statistics import episode_statistics
from mvp_real.demos.writer import EpisodeWriter
from mvp_real.errors import MvpRealError
from mvp_real.messages import Frame
from tests.demos.conftest import write_steps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good demonstration, a failed one, one that is too short, and one that was interrupted."""
    found = tmp_path / "set"
    for name, steps, success in (("reach_000", 8, True), ("reach_001", 8, False), ("reach_002", 3, True)):
        writer = EpisodeWriter(found / f"{name}.mcap", {"id": name, "task": "reach"}, durable=False)
        write_steps(writer, steps)
        writer.close({"success": success})
    with EpisodeWriter(found / "reach_003.mcap", {"id": "reach_003"}, durable=False) as writer:
        write_steps(writer, 6)
    return found


def test_prune_sets_aside_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demos", "prune", str(folder), "--dry-run"]) == 0
    assert "1 of 3 demonstrations stay, 2 would be" in capsys.readouterr().out
    assert len(list(folder.glob("*.mcap"))) == 4
    assert main(["demos", "prune", str(folder)]) == 0
    assert [p.name for p in folder.glob("*.mcap") if "partial" not in p.name] == ["reach_000.mcap"]
    reasons = json.loads((folder / "set_aside/pruned.json").read_text())
    assert "outcome is 'failure'" in reasons["reach_001"][0]
    assert "3 steps" in reasons["reach_002"][0]


def test_prune_uses_the_verdicts_of_replays(folder: Path, tmp_path: Path) -> None:
    verdicts = tmp_path / "replays.json"
    verdicts.write_text(json.dumps({"reach_000": {"rms": 0.2, "refused": [], "error": ""}}))
    assert main(["demos", "prune", str(folder), "--verdicts", str(verdicts), "--min-steps", "1"]) == 0
    reasons = json.loads((folder / "set_aside/pruned.json").read_text())
    assert "0.2000 rad RMS" in reasons["reach_000"][0]
    assert (folder / "reach_002.mcap").is_file()


def test_repair_finishes_what_was_interrupted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = folder / "reach_003.partial.mcap"
    torn.write_bytes(torn.read_bytes()[:-60])
    (folder / "reach_004.partial.mcap").write_bytes(b"")
    assert main(["demos", "repair", str(folder)]) == 1
    output = capsys.readouterr().out
    assert "29 messages kept" in output
    assert "3 recordings were sound" in output
    assert "reach_004" in output
    # Nobody has called it a success, so it is none of the set.
    assert (folder / "set_aside/reach_003.mcap").is_file()
    assert not (folder / "reach_003.mcap").exists()


def test_an_episode_without_a_target_stops_no_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EpisodeWriter(
        folder / "reach_005.mcap", {"id": "reach_005", "task": "reach"}, durable=False
    ) as writer:
        writer.image(Frame(np.zeros((8, 8, 3), np.uint8), 0.0, 0))
        writer.close({"success": True})
    assert main(["demos", "inspect", str(folder)]) == 0
    assert "1 useless" in capsys.readouterr().out
    assert main(["demos", "stats", str(folder)]) == 0
    assert "reach_005.mcap' holds no complete step" in capsys.readouterr().out
    assert main(["demos", "prune", str(folder), "--dry-run"]) == 0
    assert "reach_005: " in capsys.readouterr().out


def test_what_nobody_called_a_success_is_not_exported(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EpisodeWriter(
        folder / "reach_006.mcap", {"id": "reach_006", "task": "reach"}, durable=False
    ) as writer:
        write_steps(writer, 6)
        writer.close({"success": None})
    (folder / "reach_001.mcap").unlink()
    assert main(["demos", "export", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "reach_006.mcap' is not marked as a success" in capsys.readouterr().err


@pytest.mark.parametrize(("missing", "kept"), [(6, True), (40, False)])
def test_prune_counts_lost_images_against_all_images(folder: Path, missing: int, kept: bool) -> None:
    figures = episode_statistics(read_demonstration(folder / "reach_000.mcap"))
    figures = replace(figures, images=600 - missing, missing_images=missing)
    faults = own_faults(figures, PruneRules())
    assert faults == ([] if kept else ["40 of 600 images are missing"])


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_stats_prints_figures_and_writes_a_page(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page" / "index.html"
    assert main(["demos", "stats", str(folder), "--page", str(page)]) == 0
    output = capsys.readouterr().out
    assert "3 demonstrations, 19 steps" in output
    text = page.read_text(encoding="utf-8")
    tags = Page(text).tags
    assert sum(tag == "article" for tag, _ in tags) == 3
    pictures = [attributes["src"] or "" for tag, attributes in tags if tag == "img"]
    assert len(pictures) == 6 + 6 + 3
    assert all(source.startswith("data:image/jpeg;base64,") for source in pictures)
    assert sum(tag == "polyline" for tag, _ in tags) == 3 * 7 + 3 * 9
    assert "reach_001: failure" in text
    assert "http" not in text.replace("http-equiv", "")


def test_inspect_shows_the_streams(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demos", "inspect", str(folder / "reach_000.mcap"), "--sync"]) == 0
    output = capsys.readouterr().out
    assert "wrist_camera/image" in output
    assert "5.0" in output


def test_export_refuses_failures_and_check_names_a_missing_python(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demos", "export", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "not marked as a success" in capsys.readouterr().err
    assert main(["demos", "check", str(folder), "--python", str(tmp_path / "python")]) == 2
    assert "cannot be started" in capsys.readouterr().err


def test_a_session_is_teleoperation_and_recorder_together(tmp_path: Path) -> None:
    processes = session_processes("reach", tmp_path, ["device:=keyboard", "episodes:=40"])
    names = [process.name for process in processes]
    assert names[-1] == "recorder"
    assert "teleop_mapping" in names
    recorder = processes[-1].parameters
    assert recorder["task"] == "reach"
    assert recorder["episodes"] == 40
    assert recorder["use_sim_time"] is True
    real = session_processes("reach", tmp_path, ["robot:=xarm7", "ip:=10.0.0.2"])
    assert real[-1].parameters["use_sim_time"] is False
    with pytest.raises(MvpRealError, match="episodes"):
        session_processes("reach", tmp_path, ["episode:=40"])
    with pytest.raises(MvpRealError, match="rearranges a simulator"):
        session_processes("reach", tmp_path, ["robot:=xarm7", "scenes:=plain"])
