"""The vendor's Python SDK with its habits kept from the rest of the process.

Importing and using it prints to standard output; every socket that it opens sets the time-out of all sockets
that anybody in the process opens later to 1 s, again at each of its own reconnections; a box that answers
nothing would hold its constructor for minutes.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import sys
import threading
import types
from typing import Any

from mvp_real.errors import require

_log = logging.getLogger("xarm")
_lock = threading.Lock()
CONNECT_WITHIN = 1.0  # s, the SDK's own


class _Sockets(types.ModuleType):
    """The module `socket` as the SDK sees it: its default time-out cannot be changed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(socket, name)

    @staticmethod
    def setdefaulttimeout(timeout: float | None) -> None:
        """The SDK gives each of its own sockets this time-out as well, so nothing is lost."""


class _Forward(logging.Handler):
    """Hands the SDK's own messages to Python's logging as "xarm", at most as information."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one message on."""
        _log.info("%s", record.getMessage())


@functools.cache
def load_sdk() -> Any:
    """The class `XArmAPI`, tamed once for the process.

    Raises:
        MvpRealError: The SDK is not installed.
    """
    with contextlib.redirect_stdout(sys.stderr):  # its loggers keep the stream that they see now
        require("xarm", "xarm")
        wrapper = require("xarm.wrapper", "xarm")
        port = require("xarm.core.comm.socket_port", "xarm")
        logs = require("xarm.core.utils.log", "xarm")
    for logger in (logs.logger, logs.origin_logger):
        logger.handlers = [_Forward()]  # what matters comes back as an error of ours
    port.__dict__["socket"] = _Sockets("socket")
    for name, module in list(sys.modules.items()):
        if name == "xarm" or name.startswith("xarm."):
            module.__dict__["print"] = _say
    return wrapper.XArmAPI


def open_api(address: str, port: int, reply_within: float, reports: bool) -> Any:
    """A connected `XArmAPI` in radians.

    Args:
        address: IPv4 address of the box; its name must have been resolved.
        port: Of the control protocol. It is a constant of the SDK's, so of all arms of this process.
        reply_within: Longest wait for an answer, s; enabling the motors may take 5 s whatever is said here.
        reports: Subscribe to the 100 Hz reports.

    Raises:
        Exception: The SDK's own, without a type to tell them apart.
    """
    api = load_sdk()
    config = require("xarm.core.config.x_config", "xarm").XCONF
    with _lock:
        config.SocketConf.TCP_CONTROL_PORT = port
        config.UxbusConf.SET_TIMEOUT = config.UxbusConf.GET_TIMEOUT = 1000.0 * reply_within
        arm = api(
            address,
            is_radian=True,
            do_not_open=True,
            enable_report=reports,
            report_type="real",
            forbid_uds=True,  # a file in the system's temporary folder could stand in for the box
            check_joint_limit=False,  # the limiter does it, with a margin; this check stumbles over odd serials
            check_is_pause=False,  # would wait for ever in a paused state
            check_cmdnum_limit=False,
        )
        arm.connect()
        arm.set_timeout(reply_within)
    return arm


def _say(*words: object, **options: object) -> None:
    _log.info(" ".join(map(str, words)))
