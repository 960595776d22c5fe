"""Launch files: checked without ROS by their syntax tree, and against the supervisor where ROS is there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import load_system, system_names
from mvp_real.systems.launch_adapter import FORWARDED_VARIABLES
from mvp_real.systems.process import executable_path, resolve

LAUNCH = Path(__file__).resolve().parents[2] / "launch"
ALLOWED_NAMES = {"launch_description"}
ALLOWED_MODULES = {"mvp_real.systems.launch_adapter"}


def test_there_is_one_launch_file_for_each_system() -> None:
    assert sorted(p.name for p in LAUNCH.glob("*.launch.py")) == [f"{n}.launch.py" for n in system_names()]


@pytest.mark.parametrize("name", system_names())
def test_a_launch_file_only_calls_the_adapter_for_its_own_system(name: str) -> None:
    tree = ast.parse((LAUNCH / f"{name}.launch.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert all(isinstance(node, ast.ImportFrom) and node.module in ALLOWED_MODULES for node in imports)
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= ALLOWED_NAMES
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["generate_launch_description"]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [ast.literal_eval(argument) for call in calls for argument in call.args] == [name]


@pytest.mark.parametrize("name", system_names())
def test_every_executable_of_a_system_exists(name: str) -> None:
    for node in load_system(name).nodes:
        assert executable_path(node.executable).is_file()


def test_forwarded_variables_are_all_set() -> None:
    environment = system_environment({})
    assert all(environment[variable] for variable in FORWARDED_VARIABLES)
    assert Path(environment["FASTDDS_DEFAULT_PROFILES_FILE"]).is_file()


def test_the_environment_of_the_user_wins() -> None:
    environment = system_environment(
        {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "AMENT_PREFIX_PATH": "/opt/a"}
    )
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
    assert environment["AMENT_PREFIX_PATH"].endswith(":/opt/a")


def normalised(argv: list[str]) -> list[object]:
    """Parameter values parsed, because launch_ros writes them as YAML documents and we as JSON."""
    result: list[object] = []
    for flag, text in zip(["", *argv], argv, strict=False):
        name, separator, value = text.partition(":=")
        result.append((name, yaml.safe_load(value)) if flag == "-p" and separator else text)
    return result


@pytest.mark.parametrize("name", system_names())
def test_ros2_launch_starts_the_same_command_lines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("launch_ros")
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument, OpaqueFunction
    from launch_ros.actions import Node

    from mvp_real.systems.launch_adapter import launch_description

    system = load_system(name)
    monkeypatch.setattr(
        type(system), "values", lambda self, given: {a.name: a.default for a in self.arguments}
    )
    description = launch_description(name)
    context = LaunchContext()
    nodes: list[Node] = []
    for entity in description.entities:
        if isinstance(entity, DeclareLaunchArgument):
            entity.execute(context)
        if isinstance(entity, OpaqueFunction):
            nodes = entity.execute(context)
    processes = resolve(system, system.values({}))
    theirs = []
    for node, process in zip(nodes, processes, strict=True):
        node._perform_substitutions(context)
        # What Node.execute puts there before it starts the process.
        names = {"name": f"__node:={process.name}", "ns": f"__ns:={node.expanded_node_namespace}"}
        context.extend_locals({"ros_specific_arguments": names})
        theirs.append(["".join(part.perform(context) for part in text) for text in node.cmd[1:]])
    ours = [process.argv() for process in processes]
    assert [normalised(argv[1:]) for argv in ours] == [normalised(argv) for argv in theirs]
