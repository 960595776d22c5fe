"""Options of the hardware-in-the-loop tests, and one rig per device.

pytest tests/hil                                               # emulated devices, a sample of the cells, as CI
pytest tests/hil --matrix                                      # one run of each cell
pytest tests/hil --matrix --repeats 20 --results results/hil   # for a table of results
pytest tests/hil -k xarm7 --device real --ip 192.168.1.213 -s  # the safe subset on hardware; asks before moving
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for module in ("rclpy", "diagnostic_msgs"):
    pytest.importorskip(module)

from .cells import CELLS  # noqa: E402  (after the checks for optional packages)
from .results import Results  # noqa: E402
from .rig import Reach, Rig  # noqa: E402
from .rigs import RIGS, missing_packages  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hardware in the loop")
    group.addoption("--device", choices=("emulated", "real"), default="emulated", help="what is tested")
    group.addoption("--ip", default="", help="address of a real arm or robot")
    group.addoption("--serial", default="", help="serial number of a real camera")
    group.addoption("--can", default="socketcan:can0", help="INTERFACE:CHANNEL of a real hand")
    group.addoption("--matrix", action="store_true", help="all cells, not only a sample")
    group.addoption("--repeats", type=int, default=1, help="runs of each cell")
    group.addoption("--results", default="", help="folder for results.md and results.json")
    group.addoption("--yes", action="store_true", help="do not ask before a real robot moves")


def option(config: pytest.Config, name: str, default: object) -> object:
    """An option, also where this file was loaded too late to declare it."""
    return config.getoption(name, default)


@pytest.fixture(scope="session")
def reach(pytestconfig: pytest.Config) -> Reach:
    interface, _, channel = str(option(pytestconfig, "--can", "socketcan:can0")).partition(":")
    return Reach(
        real=option(pytestconfig, "--device", "emulated") == "real",
        ip=str(option(pytestconfig, "--ip", "")),
        serial=str(option(pytestconfig, "--serial", "")),
        interface=interface,
        channel=channel,
    )


@pytest.fixture(scope="session")
def whole_matrix(pytestconfig: pytest.Config, reach: Reach) -> bool:
    return reach.real or bool(option(pytestconfig, "--matrix", False))


@pytest.fixture(scope="session")
def repeats(pytestconfig: pytest.Config) -> int:
    return int(str(option(pytestconfig, "--repeats", 1)))


@pytest.fixture(scope="session")
def results(pytestconfig: pytest.Config, reach: Reach, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = str(option(pytestconfig, "--results", ""))
    name = "real" if reach.real else "emulated"
    return Results(Path(folder) if folder else tmp_path_factory.mktemp("hil_results"), name)


@pytest.fixture(scope="module")
def rigs(
    pytestconfig: pytest.Config, reach: Reach, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Rig]]:
    """The rig of a device, opened when it is first asked for; only one at a time is open."""
    current: list[Rig] = []

    def get(device: str) -> Rig:
        if current and current[0].device == device:
            return current[0]
        while current:
            current.pop().close()
        missing = missing_packages(device)
        if missing:
            pytest.skip(f"{device} needs {', '.join(missing)}")
        if reach.real:
            _ask(device, bool(option(pytestconfig, "--yes", False)))
        rig = RIGS[device](reach, tmp_path_factory.mktemp(f"hil_{device}"))
        try:
            rig.open()
        except BaseException:
            rig.close()
            raise
        current.append(rig)
        return rig

    yield get
    while current:
        current.pop().close()


def _ask(device: str, agreed: bool) -> None:
    """A person says that the robot may move, or the test is left out."""
    question = (
        f"\n{device}: the real device will be enabled and move by a few degrees. "
        "The workspace is clear, a hand is on the emergency stop. Type 'move' to go on: "
    )
    try:
        if not agreed and input(question).strip() != "move":
            pytest.skip("nobody agreed to motion")
    except (OSError, EOFError):
        pytest.skip("real devices ask before they move: run pytest with -s, or give --yes")


__all__ = ["CELLS"]
