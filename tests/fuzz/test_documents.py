"""YAML files that are valid and nevertheless hostile, and files with one value replaced by another type."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.documents import read_document
from mvp_real.errors import MvpRealError

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 12)
)
JUNK = [
    None, True, -1, 0, 1e308, float("nan"), float("inf"), "", "x", [], {}, [[]], {"x": 1}, [None], "${x}", "a" * 300,
]  # fmt: skip
YAML_TARGETS = ["card", "system", "arm_table", "digit_table", "hand_table"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "are aliases"),
        ("a: &a [*a]", "holds itself"),
        ("a: &a {b: *a}", "holds itself"),
        ("[" * 5000, "not valid YAML"),
        ("{a: " * 35 + "1" + "}" * 35, ""),
        ("[" * 60 + "]" * 60, "nested deeper"),
        ("x: 2001-99-99", "not valid YAML"),
        ("x: !!int y", "not valid YAML"),
        ("x: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("x: 999999999999999999999999999999", "bits; at most 63"),
        ("x: \x07", "not valid YAML"),
        ("? [a]\n: b", "not valid YAML"),
    ],
)
def test_hostile_documents_are_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    if not message:
        read_document(path)
        return
    with pytest.raises(MvpRealError, match=message) as error:
        read_document(path)
    assert "file.yaml" in str(error.value)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    with pytest.raises(MvpRealError, match="cannot be read"):
        read_document(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MvpRealError, match="not UTF-8"):
        read_document(path)
    with pytest.raises(MvpRealError, match="cannot be read"):
        read_document(tmp_path)


@pytest.mark.parametrize("name", YAML_TARGETS)
@pytest.mark.parametrize("text", ["", "null", "[]", "3", "text", BOMB, "a: &a [*a]", "- {}\n- 3"])
def test_every_reader_refuses_what_is_no_file_of_its_kind(name: str, text: str) -> None:
    assert not TARGETS[name].one_input(text.encode())


def replaced(document: Any, source: random.Random) -> Any:
    """A copy in which one to three values, keys or entries are replaced, removed or doubled."""
    document = copy.deepcopy(document)
    for _ in range(source.randint(1, 3)):
        places: list[tuple[Any, Any]] = []
        waiting = [document]
        while waiting:
            value = waiting.pop()
            keys = list(value) if isinstance(value, dict) else list(range(len(value)))
            places += [(value, key) for key in keys]
            waiting += [value[key] for key in keys if isinstance(value[key], dict | list)]
        if not places:
            break
        container, key = source.choice(places)
        kind = source.randrange(5)
        if kind == 0:
            del container[key]
        elif kind == 1 and isinstance(container, dict):
            container[source.choice([3, None, "x", 2.5, True])] = container.pop(key)
        elif kind == 2 and isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        else:
            container[key] = copy.deepcopy(source.choice(JUNK))
    return document


@pytest.mark.parametrize("name", YAML_TARGETS)
def test_values_of_other_types_never_break_a_reader(name: str) -> None:
    documents = [yaml.safe_load(seed) for seed in TARGETS[name].seeds()]

    @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, 2**32))
    def read(number: int) -> None:
        source = random.Random(number)
        document = replaced(source.choice(documents), source)
        TARGETS[name].one_input(yaml.safe_dump(document, sort_keys=False).encode())

    read()
