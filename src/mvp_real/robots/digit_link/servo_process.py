"""The process of the servo loop: `python -m mvp_real.robots.digit_link.servo_process DESCRIPTOR SETTINGS`.

A process of its own shares no interpreter lock with the node, so neither a slow callback nor a dead node keeps it from
its beat.
"""

from __future__ import annotations

import json
import signal
import socket
import sys

from mvp_real.errors import MvpRealError
from mvp_real.robots.digit_link.channel import Channel, ChannelClosed
from mvp_real.robots.digit_link.servo_loop import ServoLoop, ServoSettings
from mvp_real.robots.real_time import freeze_garbage, take_priority


def main(arguments: list[str]) -> int:
    """Run until the other end of the channel closes; a node that is gone before the start is no error."""
    # The node decides when the robot is let go; a Ctrl-C in the terminal reaches both.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(arguments[0])))
    settings = ServoSettings(**json.loads(arguments[1]))
    try:
        try:
            loop = ServoLoop(settings, channel)
        except MvpRealError as error:
            channel.send({"kind": "failed", "reason": str(error)})
            return 2
        freeze_garbage()
        channel.send({"kind": "ready", "warning": take_priority(settings.priority)})
    except ChannelClosed:
        return 0
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
