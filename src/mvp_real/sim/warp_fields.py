"""Host copies of the arrays that MuJoCo Warp holds on its device, in MuJoCo's own shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, unknown_name
from mvp_real.sim.isaac_gym.conventions import rotate

# What `set_const` derives; with per-simulation inputs these must be per simulation as well.
_DERIVED = (
    "body_subtreemass", "body_invweight0", "dof_invweight0", "tendon_length0", "tendon_invweight0", "eq_data",
    "cam_pos0", "cam_poscom0", "cam_mat0", "light_pos0", "light_poscom0", "light_dir0", "actuator_acc0",
    "geom_aabb", "geom_rbound", "geom_size",
)  # fmt: skip


class WarpData:
    """Fields of N simulations' states.

    Args:
        warp: The package.
        model: Compiled model on the host.
        device: Warp's data.
    """

    def __init__(self, warp: Any, model: mujoco.MjModel, device: Any) -> None:
        self._warp, self._template = warp, mujoco.MjData(model)
        self.device = device
        self._fields: dict[str, NDArray[Any]] = {}
        self._layouts: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}

    def field(self, name: str) -> NDArray[Any]:
        """Host copy (N, ...) of a field, from now on refreshed by `fetch`.

        Raises:
            MvpRealError: There is no such field.
        """
        if name not in self._fields:
            if not hasattr(self.device, name) or not hasattr(self._template, name):
                raise unknown_name(
                    "data field", name, [key for key in dir(self._template) if hasattr(self.device, key)]
                )
            shape = (self.device.nworld, *np.shape(getattr(self._template, name)))
            values = getattr(self.device, name).numpy()
            self._layouts[name] = values.shape, values.dtype
            # On a CPU `numpy` shares memory with the device; the host copy must be its own.
            kind = np.float64 if values.dtype.kind == "f" else values.dtype
            self._fields[name] = np.array(values.reshape(shape), dtype=kind)
        return self._fields[name]

    def send(self, names: Iterable[str]) -> None:
        """Write host copies to the device."""
        for name in names:
            values = self.field(name)
            shape, kind = self._layouts[name]
            if values.size:
                getattr(self.device, name).assign(values.reshape(shape).astype(kind))

    def fetch(self, rows: NDArray[np.intp] | None = None) -> None:
        """Read every known field from the device, of some simulations or of all."""
        chosen = slice(None) if rows is None else rows
        for name, values in self._fields.items():
            if values.size:
                values[chosen] = getattr(self.device, name).numpy().reshape(values.shape)[chosen]


class WarpModel:
    """The model, whose fields become per-simulation when they are first asked for.

    Args:
        warp, engine: The packages `warp` and `mujoco_warp`.
        model: Compiled model on the host.
        device: Warp's model.
        data: Warp's data of N simulations.

    Attributes:
        varied: Live (N, ...) host copies of the fields that differ between simulations.
    """

    def __init__(self, warp: Any, engine: Any, model: mujoco.MjModel, device: Any, data: Any) -> None:
        self._warp, self._engine, self._host, self.device, self._data = warp, engine, model, device, data
        self.varied: dict[str, NDArray[Any]] = {}
        self._sent: dict[str, NDArray[Any]] = {}
        self._kinds: dict[str, np.dtype[Any]] = {}
        self._expanded: set[str] = set()

    def field(self, name: str) -> NDArray[Any]:
        """Live (N, ...) host copy of a field; `opt.<name>` for options.

        Raises:
            MvpRealError: MuJoCo Warp shares the field among all simulations.
        """
        if name not in self.varied:
            owner, key = self._place(name)
            original = np.asarray(getattr(self._host.opt if name.startswith("opt.") else self._host, key))
            array = getattr(owner, key, None)
            shared = array.numpy() if isinstance(array, self._warp.array) else None
            if shared is None or shared.shape[1:] != original.shape:
                raise MvpRealError(
                    f"MuJoCo Warp shares the field '{name}' among all simulations; use the engine 'mujoco' to vary it"
                )
            self._kinds[name] = shared.dtype
            self.varied[name] = np.repeat(original[None], self._data.nworld, axis=0)
        return self.varied[name]

    def send(self) -> bool:
        """Write varied fields that changed to the device; whether an array took the place of another one."""
        replaced = False
        for name, values in self.varied.items():
            if name in self._sent and np.array_equal(self._sent[name], values):
                continue
            replaced |= self._expand(name)
            owner, key = self._place(name)
            getattr(owner, key).assign(values.astype(self._kinds[name]))
            self._sent[name] = values.copy()
            if name in ("geom_pos", "geom_quat"):
                self._place_ground()
        return replaced

    def _place_ground(self) -> None:
        """Put the world's own shapes where their varied places are: Warp computes those only once, for all alike."""
        shapes = np.flatnonzero(self._host.geom_bodyid == 0)
        place = self.varied.get("geom_pos", self._host.geom_pos[None])[:, shapes]
        turn = self.varied.get("geom_quat", self._host.geom_quat[None])[:, shapes]
        axes = np.stack([rotate(turn, np.broadcast_to(axis, place.shape)) for axis in np.eye(3)], axis=-1)
        for name, values in (("geom_xpos", place), ("geom_xmat", axes)):
            array = getattr(self._data, name)
            everything = array.numpy().copy()
            everything[:, shapes] = values
            array.assign(everything)

    def update_constants(self) -> None:
        """Derive masses of subtrees, inverse weights and the like again, for every simulation."""
        for name in _DERIVED:
            self._expand(name)
        self.send()
        self._engine.set_const(self.device, self._data)

    def _expand(self, name: str) -> bool:
        """Give a field one copy per simulation; whether that was new."""
        if name in self._expanded:
            return False
        self._expanded.add(name)
        owner, key = self._place(name)
        array = getattr(owner, key)
        if array.ndim == 0 or array.shape[0] != 1:
            return False
        values = np.repeat(array.numpy(), self._data.nworld, axis=0)
        setattr(owner, key, self._warp.array(values, dtype=array.dtype))
        return True

    def _place(self, name: str) -> tuple[Any, str]:
        return (self.device.opt, name[4:]) if name.startswith("opt.") else (self.device, name)
