"""From graph to command line."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.systems.graph import read_system
from mvp_real.systems.process import executable_path, resolve

GRAPH = """
summary: a system
arguments:
  robot: {default: arm, help: name}
  view: {default: none, help: view}
  speed: {default: "1", help: text that looks like a number}
nodes:
  - executable: encoder
    namespace: ${robot}/cameras
    parameters: {use_sim_time: true, speed: "${speed}", gain: 2, width: 0.5, title: 'a "b": c'}
    remap: {image: "${robot}/image"}
  - executable: controller
    name: second
    when: {view: [window, browser]}
"""


def processes(tmp_path: Path, **given: str):
    path = tmp_path / "thing.yaml"
    path.write_text(GRAPH, encoding="utf-8")
    system = read_system(path)
    return resolve(system, system.values(given))


def test_when_selects_nodes(tmp_path: Path) -> None:
    assert [p.name for p in processes(tmp_path)] == ["encoder"]
    assert [p.name for p in processes(tmp_path, view="browser")] == ["encoder", "second"]


def test_argv_is_what_launch_ros_writes(tmp_path: Path) -> None:
    encoder = processes(tmp_path, robot="xarm7")[0]
    argv = encoder.argv()
    assert argv[0].endswith("/encoder")
    assert argv[1:6] == ["--ros-args", "-r", "__node:=encoder", "-r", "__ns:=/xarm7/cameras"]
    assert argv[-2:] == ["-r", "image:=xarm7/image"]
    assert "-p" in argv
    assert "use_sim_time:=true" in argv


def test_parameter_values_keep_their_type_through_yaml(tmp_path: Path) -> None:
    encoder = processes(tmp_path)[0]
    arguments = encoder.ros_arguments()
    texts = [text for flag, text in itertools.pairwise(arguments) if flag == "-p"]
    read = {name: yaml.safe_load(value) for name, _, value in (text.partition(":=") for text in texts)}
    assert read == {"use_sim_time": True, "speed": "1", "gain": 2, "width": 0.5, "title": 'a "b": c'}


def test_executables_are_found_and_executable() -> None:
    path = executable_path("encoder")
    assert os.access(path, os.X_OK)


def test_a_missing_executable_says_where_it_looked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    with pytest.raises(MvpRealError, match=str(tmp_path)):
        executable_path("no_such_node")
