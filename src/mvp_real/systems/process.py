"""From a system and its argument values to the processes that both front ends start."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvp_real.errors import MvpRealError
from mvp_real.resources import share_directory
from mvp_real.systems.graph import NodeSpec, Scalar, System, substitute


@dataclass(frozen=True)
class NodeProcess:
    """A node with every argument filled in.

    Attributes:
        parameters: Parameter name to value, in the order of the graph file.
        remap: Relative name in the node's code to the name on the graph.
    """

    executable: str
    name: str
    namespace: str
    parameters: Mapping[str, Any]
    remap: Mapping[str, str]
    required: bool
    ends_system: bool
    respawn: bool

    def ros_arguments(self) -> list[str]:
        """What follows `--ros-args`, in the order in which `launch_ros` writes it."""
        arguments = ["-r", f"__node:={self.name}"]
        if self.namespace:
            arguments += ["-r", f"__ns:=/{self.namespace.strip('/')}"]
        for name, value in self.parameters.items():
            # JSON is YAML, and keeps text that looks like a number text.
            arguments += ["-p", f"{name}:={json.dumps(value)}"]
        for source, target in self.remap.items():
            arguments += ["-r", f"{source}:={target}"]
        return arguments

    def argv(self) -> list[str]:
        """The full command line."""
        return [str(executable_path(self.executable)), "--ros-args", *self.ros_arguments()]


def resolve(system: System, values: Mapping[str, Scalar]) -> list[NodeProcess]:
    """The processes of a system for these argument values, in the order of the graph file."""
    return [_fill(node, values) for node in system.nodes if _wanted(node, values)]


def executable_path(name: str) -> Path:
    """Where an executable lies: the checkout's `bin/`, or `lib/mvp_real/` of an installation prefix.

    Raises:
        MvpRealError: It is in none of them.
    """
    share = share_directory()
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if p]
    candidates = [share / "bin" / name, Path(sys.prefix) / "lib" / "mvp_real" / name]
    candidates += [prefix / "lib" / "mvp_real" / name for prefix in prefixes]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = ", ".join(str(candidate.parent) for candidate in candidates)
    raise MvpRealError(f"executable '{name}' was not found in {looked}; install the package again")


def _wanted(node: NodeSpec, values: Mapping[str, Scalar]) -> bool:
    return all(_text(values[name]) in accepted for name, accepted in node.when.items())


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fill(node: NodeSpec, values: Mapping[str, Scalar]) -> NodeProcess:
    return NodeProcess(
        executable=node.executable,
        name=str(substitute(node.name, values)),
        namespace=str(substitute(node.namespace, values)),
        parameters={name: substitute(value, values) for name, value in node.parameters.items()},
        remap={name: str(substitute(value, values)) for name, value in node.remap.items()},
        required=node.required,
        ends_system=node.ends_system,
        respawn=node.respawn,
    )
