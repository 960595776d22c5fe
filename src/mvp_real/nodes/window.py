"""MuJoCo's viewer on the running world, for machines with a display."""

from __future__ import annotations

from typing import Any

from mvp_real.errors import MvpRealError


class Window:
    """A window that shows a model's data and only looks: the simulation goes on in its own loop.

    Args:
        model: MuJoCo's model.
        data: MuJoCo's data; shown as it is at each `refresh`.

    Raises:
        MvpRealError: There is no display.
    """

    def __init__(self, model: Any, data: Any) -> None:
        try:
            from mujoco import viewer

            self._viewer = viewer.launch_passive(model, data, show_left_ui=False, show_right_ui=False)
        except Exception as error:  # whatever the window system raises
            raise MvpRealError(f"view:=window needs a display ({error}); use view:=browser") from error

    def refresh(self) -> None:
        """Show the present state; nothing if the user has closed the window."""
        if self._viewer.is_running():
            self._viewer.sync()

    def close(self) -> None:
        """Close the window."""
        self._viewer.close()
