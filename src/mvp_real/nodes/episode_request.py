"""What the parameter `episode` of the simulator asks for: JSON with a set-up, and optionally a bundle."""

from __future__ import annotations

import json

from mvp_real.errors import MvpRealError
from mvp_real.tasks.pick_fruit import EpisodeSetup


def parse_episode(text: str) -> tuple[EpisodeSetup, str]:
    """The set-up, and the controller bundle whose limits apply; an empty name stands for the node's own.

    Raises:
        MvpRealError: Empty, no JSON, or a set-up that lacks something.
    """
    if not text:
        raise MvpRealError("set the parameter 'episode' before ~/reset")
    try:
        content = json.loads(text)
        return EpisodeSetup.from_dict(content["setup"]), str(content.get("bundle", ""))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise MvpRealError(f"'episode' is JSON with a 'setup', got {text!r}: {error}") from error
