"""A stand-in for the package `isaacgym`: it records every call, refuses what the real one would punish silently, and
lets MuJoCo move the very assets that it was given.

The real package is a download from NVIDIA for Python 3.8 and GPUs, not on PyPI, so no test of this project can run it.
This is why there is a fake here and nowhere else. It holds the calls that our backend makes (names and arguments as in
the package's own documentation), tensors are torch's, orders of joints and bodies are not those of the file, states
are NaN until they are refreshed, forces last for one step, handed-over tensors must be alive when they are used.
What it cannot tell is whether PhysX moves the robot as MuJoCo does.
"""

from __future__ import annotations

import functools
import sys
import types
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mvp_real.sim.isaac_gym.simulation import IsaacGymSimulation
from tests.sim.isaac_gym_physics import Physics

DOF_PROPERTIES = np.dtype(
    [("hasLimits", "?"), ("lower", "f4"), ("upper", "f4"), ("driveMode", "i4"), ("velocity", "f4"), ("effort", "f4"),
     ("stiffness", "f4"), ("damping", "f4"), ("friction", "f4"), ("armature", "f4")]
)  # fmt: skip


class ContractError(AssertionError):
    """A call that Isaac Gym does not allow there."""


class Vec3:
    def __init__(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        self.x, self.y, self.z = x, y, z

    def array(self) -> np.ndarray:
        return np.array([self.x, self.y, self.z])


class Quat(Vec3):
    def __init__(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, w: float = 1.0) -> None:
        super().__init__(x, y, z)
        self.w = w

    def array(self) -> np.ndarray:
        return np.array([self.x, self.y, self.z, self.w])


class Transform:
    def __init__(self, p: Vec3 | None = None, r: Quat | None = None) -> None:
        self.p, self.r = p or Vec3(), r or Quat()


class Mat33:
    def __init__(self) -> None:
        self.x, self.y, self.z = Vec3(), Vec3(), Vec3()


class Tensor:
    """What `unwrap_tensor` gives: an address, no owner."""

    def __init__(self, tensor: torch.Tensor) -> None:
        if not tensor.is_contiguous():
            raise ContractError("a tensor handed to Isaac Gym must be contiguous")
        # A view's storage is what must live; the view itself is often a temporary.
        self._owner = weakref.ref(tensor._base if tensor._base is not None else tensor)
        self._values = tensor.detach().numpy()

    def values(self, kind: type) -> np.ndarray:
        if self._owner() is None:
            raise ContractError("a tensor handed to Isaac Gym was freed before it was used")
        if self._values.dtype != kind:
            raise ContractError(f"Isaac Gym wants {kind} there, got {self._values.dtype}")
        return self._values


def recorded(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: RecordingGym, *arguments: Any, **named: Any) -> Any:
        self.calls.append((method.__name__, arguments))
        return method(self, *arguments, **named)

    return call


class RecordingGym:
    """`gymapi.Gym` with one simulation.

    Attributes:
        calls: Name and arguments of every call.
        parameters: Of the simulation.
        physics: What moves it, from `prepare_sim` on.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.physics: Physics | None = None
        self.parameters: Any = None
        self.destroyed = False
        self._assets: list[Any] = []
        self.envs: list[Any] = []
        self._ground: Any = None
        self._set: set[str] = set()
        self._handed: list[tuple[str, tuple[Any, ...]]] = []
        self._fetched = True
        self._drawn = False

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    # Life cycle -------------------------------------------------------------------------------------------------

    @recorded
    def create_sim(self, compute: int, graphics: int, kind: Any, parameters: Any) -> str:
        assert kind == "SIM_PHYSX"
        self.parameters = parameters
        return "sim"

    @recorded
    def add_ground(self, sim: str, plane: Any) -> None:
        self._must_be_open()
        assert plane.normal.z == 1.0
        self._ground = plane

    @recorded
    def load_asset(self, sim: str, folder: str, file: str, options: Any) -> Any:
        self._must_be_open()
        asset = Physics.read_asset(f"{folder}/{file}", options.fix_base_link)
        self._assets.append(asset)
        return asset

    @recorded
    def get_asset_dof_names(self, asset: Any) -> list[str]:
        return list(asset.joints)

    @recorded
    def get_asset_rigid_body_names(self, asset: Any) -> list[str]:
        return list(asset.bodies)

    @recorded
    def get_asset_rigid_body_shape_indices(self, asset: Any) -> list[Any]:
        return [SimpleNamespace(start=start, count=count) for start, count in asset.ranges]

    @recorded
    def get_asset_rigid_shape_count(self, asset: Any) -> int:
        return len(asset.shapes)

    @recorded
    def get_asset_rigid_shape_properties(self, asset: Any) -> list[Any]:
        return [SimpleNamespace(**vars(shape)) for shape in asset.shapes]

    @recorded
    def set_asset_rigid_shape_properties(self, asset: Any, properties: list[Any]) -> bool:
        self._must_be_open()
        asset.shapes = properties
        return True

    @recorded
    def get_asset_dof_properties(self, asset: Any) -> np.ndarray:
        return np.zeros(len(asset.joints), DOF_PROPERTIES)

    @recorded
    def create_env(self, sim: str, lower: Vec3, upper: Vec3, in_a_row: int) -> Any:
        self._must_be_open()
        env = SimpleNamespace(
            number=len(self.envs), actors=[], cameras=[], size=upper.x - lower.x, open=False
        )
        env.origin = np.array([env.number % in_a_row, env.number // in_a_row, 0.0]) * env.size
        self.envs.append(env)
        return env

    @recorded
    def begin_aggregate(self, env: Any, bodies: int, shapes: int, self_collisions: bool) -> bool:
        env.open = True
        return True

    @recorded
    def end_aggregate(self, env: Any) -> bool:
        env.open = False
        return True

    @recorded
    def create_actor(
        self, env: Any, asset: Any, pose: Transform, name: str, group: int, filter: int, segmentation: int
    ) -> int:
        self._must_be_open()
        if not env.open or group != env.number:
            raise ContractError(
                "actors belong into an aggregate and into the collision group of their simulation"
            )
        env.actors.append(SimpleNamespace(asset=asset, pose=pose, name=name, joints=None))
        return len(env.actors) - 1

    @recorded
    def set_actor_dof_properties(self, env: Any, actor: int, properties: np.ndarray) -> bool:
        assert properties.dtype == DOF_PROPERTIES
        env.actors[actor].joints = properties.copy()
        if self.physics is not None:
            self.physics.set_joints(env.number, actor, properties)
        return True

    @recorded
    def get_actor_dof_properties(self, env: Any, actor: int) -> np.ndarray:
        return env.actors[actor].joints.copy()

    @recorded
    def prepare_sim(self, sim: str) -> bool:
        self._must_be_open()
        first = self.envs[0]
        for env in self.envs:
            assert [actor.name for actor in env.actors] == [actor.name for actor in first.actors]
        self.physics = Physics(self.parameters, self._ground, self.envs)
        return True

    @recorded
    def simulate(self, sim: str) -> None:
        physics = self._prepared()
        for name, arguments in self._handed:
            getattr(physics, name)(*[part.values(kind) for part, kind in arguments])
        self._handed.clear()
        self._set.clear()
        physics.step()
        self._fetched = self._drawn = False

    @recorded
    def fetch_results(self, sim: str, wait: bool) -> None:
        self._prepared()
        self._fetched = True

    @recorded
    def destroy_sim(self, sim: str) -> None:
        if self.destroyed:
            raise ContractError("the simulation was destroyed twice")
        self.destroyed = True

    # Handles ----------------------------------------------------------------------------------------------------

    @recorded
    def get_actor_index(self, env: Any, actor: int, domain: str) -> int:
        assert domain == "DOMAIN_SIM"
        return env.number * len(env.actors) + actor

    @recorded
    def find_actor_rigid_body_handle(self, env: Any, actor: int, name: str) -> int:
        before = sum(len(other.asset.bodies) for other in env.actors[:actor])
        return (
            before + env.actors[actor].asset.bodies.index(name)
            if name in env.actors[actor].asset.bodies
            else -1
        )

    # Properties -------------------------------------------------------------------------------------------------

    @recorded
    def get_actor_rigid_body_properties(self, env: Any, actor: int) -> list[Any]:
        found = []
        for mass, inertia in self._prepared().body_properties(env.number, actor):
            matrix = Mat33()
            matrix.x, matrix.y, matrix.z = (Vec3(*row) for row in inertia)
            found.append(SimpleNamespace(mass=mass, inertia=matrix))
        return found

    @recorded
    def set_actor_rigid_body_properties(
        self, env: Any, actor: int, properties: list[Any], recompute: bool
    ) -> bool:
        assert not recompute
        rows = [(part.mass, [part.inertia.x, part.inertia.y, part.inertia.z]) for part in properties]
        values = [(mass, np.array([row.array() for row in inertia])) for mass, inertia in rows]
        self._prepared().set_bodies(env.number, actor, values)
        return True

    @recorded
    def get_actor_rigid_shape_properties(self, env: Any, actor: int) -> list[Any]:
        return self._prepared().shape_properties(env.number, actor)

    @recorded
    def set_actor_rigid_shape_properties(self, env: Any, actor: int, properties: list[Any]) -> bool:
        self._prepared().set_shapes(env.number, actor, properties)
        return True

    # Tensors ----------------------------------------------------------------------------------------------------

    def _tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self._prepared().tensors[name])

    def _refresh(self, name: str) -> bool:
        if not self._fetched:
            raise ContractError("refreshed before the results were fetched")
        self._prepared().refresh(name)
        return True

    @recorded
    def acquire_actor_root_state_tensor(self, sim: str) -> torch.Tensor:
        return self._tensor("roots")

    @recorded
    def acquire_rigid_body_state_tensor(self, sim: str) -> torch.Tensor:
        return self._tensor("bodies")

    @recorded
    def acquire_dof_state_tensor(self, sim: str) -> torch.Tensor:
        return self._tensor("joints")

    @recorded
    def acquire_net_contact_force_tensor(self, sim: str) -> torch.Tensor:
        return self._tensor("contacts")

    @recorded
    def refresh_actor_root_state_tensor(self, sim: str) -> bool:
        return self._refresh("roots")

    @recorded
    def refresh_rigid_body_state_tensor(self, sim: str) -> bool:
        return self._refresh("bodies")

    @recorded
    def refresh_dof_state_tensor(self, sim: str) -> bool:
        return self._refresh("joints")

    @recorded
    def refresh_net_contact_force_tensor(self, sim: str) -> bool:
        return self._refresh("contacts")

    def _hand_over(self, name: str, *parts: tuple[Tensor, type]) -> bool:
        self._prepared()
        if name in self._set:
            raise ContractError(f"{name} was called twice before a step; Isaac Gym forgets the first call")
        self._set.add(name)
        self._handed.append((name, parts))
        return True

    @recorded
    def set_actor_root_state_tensor_indexed(
        self, sim: str, states: Tensor, actors: Tensor, count: int
    ) -> bool:
        assert len(actors.values(np.int32)) == count
        return self._hand_over("set_roots", (states, np.float32), (actors, np.int32))

    @recorded
    def set_dof_state_tensor_indexed(self, sim: str, states: Tensor, actors: Tensor, count: int) -> bool:
        assert len(actors.values(np.int32)) == count
        return self._hand_over("set_joint_states", (states, np.float32), (actors, np.int32))

    @recorded
    def set_dof_position_target_tensor(self, sim: str, targets: Tensor) -> bool:
        return self._hand_over("set_targets", (targets, np.float32))

    @recorded
    def set_dof_actuation_force_tensor(self, sim: str, forces: Tensor) -> bool:
        return self._hand_over("set_efforts", (forces, np.float32))

    @recorded
    def apply_rigid_body_force_tensors(self, sim: str, forces: Tensor, torques: Tensor, space: str) -> bool:
        assert space == "ENV_SPACE"
        return self._hand_over("set_forces", (forces, np.float32), (torques, np.float32))

    # Cameras ----------------------------------------------------------------------------------------------------

    @recorded
    def create_camera_sensor(self, env: Any, properties: Any) -> int:
        self._must_be_open()
        env.cameras.append(properties)
        return len(env.cameras) - 1

    @recorded
    def attach_camera_to_body(self, camera: int, env: Any, body: int, place: Transform, mode: str) -> None:
        env.cameras[camera].place = (body, place, mode)

    @recorded
    def set_camera_transform(self, camera: int, env: Any, place: Transform) -> None:
        env.cameras[camera].place = (None, place, None)

    @recorded
    def step_graphics(self, sim: str) -> None:
        if not self._fetched:
            raise ContractError("graphics were stepped before the results were fetched")

    @recorded
    def render_all_camera_sensors(self, sim: str) -> None:
        assert self.names()[-2] == "step_graphics"
        self._drawn = True

    @recorded
    def get_camera_image(self, sim: str, env: Any, camera: int, kind: str) -> np.ndarray:
        assert kind == "IMAGE_COLOR"
        if not self._drawn:
            raise ContractError("a picture was read before it was drawn")
        properties = env.cameras[camera]
        picture = np.zeros((properties.height, properties.width, 4), np.uint8)
        picture[..., 0], picture[..., 3] = 10 * (env.number + 1), 255
        return picture.reshape(properties.height, properties.width * 4)

    def _must_be_open(self) -> None:
        if self.physics is not None:
            raise ContractError(f"{self.names()[-1]} after prepare_sim")

    def _prepared(self) -> Physics:
        if self.physics is None:
            raise ContractError(f"{self.names()[-1]} before prepare_sim")
        return self.physics


def modules(gym: RecordingGym) -> dict[str, types.ModuleType]:
    """The package `isaacgym` and its modules around one gym."""
    gymapi, gymtorch = types.ModuleType("isaacgym.gymapi"), types.ModuleType("isaacgym.gymtorch")
    for name in (
        "SIM_PHYSX", "UP_AXIS_Z", "DOMAIN_SIM", "ENV_SPACE", "IMAGE_COLOR", "FOLLOW_TRANSFORM", "FOLLOW_POSITION",
    ):  # fmt: skip
        setattr(gymapi, name, name)
    gymapi.DOF_MODE_NONE, gymapi.DOF_MODE_POS, gymapi.DOF_MODE_EFFORT = 0, 1, 3
    gymapi.acquire_gym = lambda: gym
    gymapi.Vec3, gymapi.Quat, gymapi.Transform, gymapi.Mat33 = Vec3, Quat, Transform, Mat33
    gymapi.SimParams = lambda: SimpleNamespace(physx=SimpleNamespace(), dt=1 / 60, substeps=2)
    gymapi.PlaneParams = gymapi.AssetOptions = gymapi.CameraProperties = SimpleNamespace
    gymtorch.wrap_tensor = lambda tensor: tensor
    gymtorch.unwrap_tensor = Tensor
    package = types.ModuleType("isaacgym")
    package.gymapi, package.gymtorch = gymapi, gymtorch
    return {"isaacgym": package, "isaacgym.gymapi": gymapi, "isaacgym.gymtorch": gymtorch}


def install(monkeypatch: pytest.MonkeyPatch) -> RecordingGym:
    """Make `import isaacgym` give the stand-in; its gym."""
    gym = RecordingGym()
    for name, module in modules(gym).items():
        monkeypatch.setitem(sys.modules, name, module)
    return gym


class LocalIsaacGym:
    """A connection to a simulation in this process, in place of one of Isaac Gym's own Python."""

    def call(
        self, name: str, content: dict[str, Any] | None = None, arrays: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        if name == "start":
            assert content is not None
            self.simulation = IsaacGymSimulation(
                content["settings"], content["scene"], arrays or {}, content["folder"]
            )
            return {}
        return getattr(self.simulation, name)(content or {}, arrays or {})

    def close(self) -> None:
        self.simulation.close()
