"""The reader of pickles gives back arrays and plain values, and runs nothing."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvp_real.demos.restricted_pickle import UnsafePickleError, read_pickle
from mvp_real.errors import MvpRealError


def step() -> dict[str, Any]:
    random = np.random.default_rng(3)
    joints = random.normal(size=13)
    return {
        "joint_positions": joints,
        "again": joints,  # one array twice: the second is a reference
        "joint_velocites": random.normal(size=13).astype(np.float32),
        "gripper_open": np.bool_(True),
        "count": np.int64(-7),
        "angle": np.float64(0.25),
        "big_endian": np.arange(5, dtype=">i4"),
        "fortran": np.asfortranarray(random.normal(size=(3, 4))),
        "rgb": random.integers(0, 255, (48, 64, 3), dtype=np.uint8),
        "empty": np.zeros((0, 3)),
        "plain": [1, 2.5, "text", None, True, (1, 2), {"a": b"bytes"}, {3, 4}],
        "ordered": OrderedDict(a=1),
    }


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_plain_values_come_back(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "step.pkl"
    path.write_bytes(pickle.dumps(step(), protocol=protocol))
    found = read_pickle(path)
    for key, value in step().items():
        if isinstance(value, np.ndarray):
            assert found[key].dtype == value.dtype
            np.testing.assert_array_equal(found[key], value)
        else:
            assert found[key] == value
    assert found["again"] is found["joint_positions"]


@pytest.mark.parametrize("protocol", range(6))
def test_the_names_of_older_numpy_are_known(protocol: int, tmp_path: Path) -> None:
    """What numpy 1 wrote, under which the release was recorded."""
    content = pickle.dumps({"joint_positions": np.arange(7.0), "x": np.float64(2.0)}, protocol=protocol)
    if protocol < 4:
        content = content.replace(b"numpy._core", b"numpy.core")
    path = tmp_path / "step.pkl"
    path.write_bytes(content)
    np.testing.assert_array_equal(read_pickle(path)["joint_positions"], np.arange(7.0))


class Runs:
    """A pickle of this object calls `function(*arguments)` when it is loaded by the standard reader."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def test_the_attack_works_on_the_standard_reader(tmp_path: Path) -> None:
    """Otherwise the tests below would show nothing."""
    pickle.loads(pickle.dumps(Runs(os.mkdir, str(tmp_path / "made"))))
    assert (tmp_path / "made").is_dir()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "function",
    [
        os.system,
        os.mkdir,
        eval,
        exec,
        open,
        getattr,
        __import__,
        np.load,
        np.fromfile,
        np.memmap,
        pickle.loads,
    ],
)
def test_calls_are_refused_and_not_made(function: Any, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "step.pkl"
    target = tmp_path / "made"
    path.write_bytes(pickle.dumps({"joint_positions": Runs(function, str(target))}, protocol=protocol))
    with pytest.raises(UnsafePickleError, match="refused"):
        read_pickle(path)
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x02cnumpy\nndarray\nK\x05\x85\x81.",  # NEWOBJ: an array of any size
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\x7f\x85U\x01b\x87R.",
        b"\x80\x02cnumpy\ndtype\nU\x01O\x85R.",  # Python objects inside
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aU\x06rot_13\x86R.",
        b"\x80\x02}K\x01b.",  # BUILD on a dictionary
        b"Pinside\n.",  # persistent id
        b"\x80\x02ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00__class__K\x01sb.",  # attributes by BUILD
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
        b"\x82\x01.",  # extension registry
        b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.",  # a byte array of a terabyte
    ],
)
def test_hand_made_attacks_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "step.pkl"
    path.write_bytes(content)
    with pytest.raises(UnsafePickleError):
        read_pickle(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_pickles_end_in_an_error_or_a_value(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(pickle.dumps(step(), protocol=data.draw(st.integers(2, 5))))
    del content[data.draw(st.integers(0, len(content))) :]
    for _ in range(data.draw(st.integers(1, 4))):
        if content:
            content[data.draw(st.integers(0, min(len(content), 600) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "step.pkl"
    path.write_bytes(bytes(content))
    with contextlib.suppress(MvpRealError):  # and nothing but this error may come
        read_pickle(path)


def test_files_that_are_too_large_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mvp_real.demos.restricted_pickle.SIZE_LIMIT", 100)
    path = tmp_path / "step.pkl"
    path.write_bytes(pickle.dumps(bytes(200)))
    with pytest.raises(MvpRealError, match="MB"):
        read_pickle(path)
