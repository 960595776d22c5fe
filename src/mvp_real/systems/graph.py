"""The node graph of a system: `config/systems/<name>.yaml`, read by `mvp_real up` and by launch files alike.

A file declares arguments and nodes. Text in a node may hold `${argument}`; a value that is nothing but
`${argument}` keeps the argument's type. Nothing here imports ROS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mvp_real.documents import read_document
from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.resources import config_file, model_directory, share_directory
from mvp_real.systems.executables import EXECUTABLES

Scalar = str | int | float | bool
ARGUMENT_KINDS = ("", "bundle")
_REFERENCE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Argument:
    """One `name:=value` that a system understands.

    Attributes:
        default: Value when it is not given; its type is the argument's type.
        choices: The only values allowed, as text; empty means any.
        unavailable: Choices that exist in the plan but not yet in the package, each with the reason.
        kind: "bundle" for a comma list of bundles, which are looked up before anything starts.
    """

    name: str
    default: Scalar
    help: str
    choices: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""

    def parse(self, text: str) -> Scalar:
        """The value of the text after `:=`.

        Raises:
            MvpRealError: Not of the argument's type, not among its choices, or not available yet.
        """
        if self.choices and text not in self.choices:
            raise unknown_name(f"value of argument '{self.name}'", text, self.choices)
        if text in self.unavailable:
            raise MvpRealError(f"{self.name}:={text} is not available: {self.unavailable[text]}")
        if isinstance(self.default, str):
            return text
        try:
            value = yaml.safe_load(text) if text else None
        except yaml.YAMLError:
            value = None  # text such as "[" is no number either
        if isinstance(self.default, bool) or isinstance(value, bool):
            accepted = isinstance(self.default, bool) and isinstance(value, bool)
        else:
            accepted = isinstance(value, (int, float) if isinstance(self.default, float) else int)
        if not accepted:
            kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(self.default)]
            raise MvpRealError(f"argument '{self.name}' is {kind}, got '{text}'")
        return type(self.default)(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class NodeSpec:
    """One process of a system.

    Attributes:
        executable: Name under `lib/mvp_real`, one of `EXECUTABLES`.
        when: Argument name to the values (as text) for which the node is started; empty: always.
        required: Its end stops the system and counts as a failure.
        ends_system: Its end with code 0 is the regular end of the system.
        respawn: Start it again when it dies.
    """

    executable: str
    name: str
    namespace: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    remap: Mapping[str, str] = field(default_factory=dict)
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: bool = True
    ends_system: bool = False
    respawn: bool = False


@dataclass(frozen=True)
class System:
    """Arguments and nodes of one system."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    nodes: tuple[NodeSpec, ...]

    def argument(self, name: str) -> Argument:
        """The argument called `name`; an unknown name suggests the near ones."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        raise unknown_name(f"argument of system '{self.name}'", name, [a.name for a in self.arguments])

    def values(self, given: Mapping[str, str]) -> dict[str, Scalar]:
        """Typed value of every argument, from the texts given and the defaults.

        Raises:
            MvpRealError: An unknown argument, a value that it does not take, or a bundle that does not exist.
        """
        values = {argument.name: argument.default for argument in self.arguments}
        for name, text in given.items():
            values[name] = self.argument(name).parse(text)
        for argument in self.arguments:
            if argument.kind == "bundle":
                for name in str(values[argument.name]).split(","):
                    model_directory(name)
        return values


def system_names() -> list[str]:
    """Every system that the package carries."""
    return sorted(path.stem for path in (share_directory() / "config" / "systems").glob("*.yaml"))


def load_system(name: str) -> System:
    """Read and check `config/systems/<name>.yaml`."""
    if name not in system_names():
        raise unknown_name("system", name, system_names())
    return read_system(config_file(f"systems/{name}.yaml"))


def read_system(path: Path) -> System:
    """Read and check one graph file.

    Raises:
        MvpRealError: The file breaks the schema; the message gives the place.
    """
    content = read_document(path)
    where = path.name
    _check_keys(content, {"summary", "arguments", "nodes"}, {"summary", "nodes"}, where)
    arguments = tuple(
        _argument(name, entry, f"{where}: arguments.{name}")
        for name, entry in _mapping(content, "arguments", where).items()
    )
    if not isinstance(content["nodes"], list) or not content["nodes"]:
        raise MvpRealError(f"{where}: 'nodes' is a list with at least one node")
    nodes = tuple(_node(entry, f"{where}: nodes[{i}]") for i, entry in enumerate(content["nodes"]))
    system = System(path.stem, str(content["summary"]).strip(), arguments, nodes)
    _check_references(system, where)
    return system


def _argument(name: str, entry: Any, where: str) -> Argument:
    _check_keys(entry, {"default", "help", "choices", "unavailable", "kind"}, {"default", "help"}, where)
    default = entry["default"]
    if not isinstance(default, (str, int, float, bool)):
        raise MvpRealError(f"{where}.default: expected text, a number or true/false, got {default!r}")
    listed = entry.get("choices", [])
    if not isinstance(listed, list):
        raise MvpRealError(f"{where}.choices: expected a list, got {listed!r}")
    choices = tuple(str(choice) for choice in listed)
    unavailable = {str(key): str(reason) for key, reason in _mapping(entry, "unavailable", where).items()}
    if choices and (str(default) not in choices or str(default) in unavailable):
        raise MvpRealError(f"{where}.default: '{default}' is not an available choice of {', '.join(choices)}")
    for name_of_choice in unavailable:
        if name_of_choice not in choices:
            raise unknown_name(f"choice in {where}.unavailable", name_of_choice, choices)
    kind = entry.get("kind", "")
    if kind not in ARGUMENT_KINDS:
        raise unknown_name(f"kind in {where}", str(kind), ARGUMENT_KINDS)
    return Argument(name, default, " ".join(str(entry["help"]).split()), choices, unavailable, kind)


def _node(entry: Any, where: str) -> NodeSpec:
    allowed = set(NodeSpec.__dataclass_fields__)
    _check_keys(entry, allowed, {"executable"}, where)
    executable = str(entry["executable"])
    if executable not in EXECUTABLES:
        raise unknown_name(f"executable in {where}", executable, EXECUTABLES)
    for name in ("name", "namespace"):
        if not isinstance(entry.get(name, ""), str):
            raise MvpRealError(f"{where}.{name}: expected text, got {entry[name]!r}")
    for flag in ("required", "ends_system", "respawn"):
        if not isinstance(entry.get(flag, False), bool):
            raise MvpRealError(f"{where}.{flag}: expected true or false, got {entry[flag]!r}")
    for mapping in ("parameters", "remap", "when"):
        if not isinstance(entry.get(mapping, {}), dict):
            raise MvpRealError(f"{where}.{mapping}: expected a mapping, got {entry[mapping]!r}")
    when = {
        key: tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)
        for key, value in entry.get("when", {}).items()
    }
    return NodeSpec(
        **{**entry, "executable": executable, "name": entry.get("name", executable), "when": when}
    )


def _mapping(entry: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """A mapping that may be left out or empty."""
    value = entry.get(key)
    if value is not None and not isinstance(value, dict):
        raise MvpRealError(f"{where}.{key}: expected a mapping, got {value!r}")
    return value or {}


def _check_keys(entry: Any, allowed: set[str], needed: set[str], where: str) -> None:
    if not isinstance(entry, dict):
        raise MvpRealError(f"{where}: expected a mapping, got {entry!r}")
    for key in entry:
        if key not in allowed:
            raise unknown_name(f"field in {where}", str(key), allowed)
    for key in sorted(needed - set(entry)):
        raise MvpRealError(f"{where}: '{key}' is missing")


def _check_references(system: System, where: str) -> None:
    known = [argument.name for argument in system.arguments]
    names = [(node.namespace, node.name) for node in system.nodes]
    for node in system.nodes:
        texts = [node.name, node.namespace, *node.parameters.values(), *node.remap.values()]
        referenced = [name for text in texts if isinstance(text, str) for name in _REFERENCE.findall(text)]
        for name in [*referenced, *node.when]:
            if name not in known:
                raise unknown_name(f"argument in {where}, node '{node.name}'", name, known)
        if names.count((node.namespace, node.name)) > 1 and not node.when:
            raise MvpRealError(f"{where}: two nodes are called '{node.namespace}/{node.name}'")


def substitute(value: Any, values: Mapping[str, Scalar]) -> Any:
    """Replace `${argument}` in a text; anything but text is returned as it is."""
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return values[whole.group(1)]
    return _REFERENCE.sub(lambda match: str(values[match.group(1)]), value)
