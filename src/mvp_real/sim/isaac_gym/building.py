"""A scene built in Isaac Gym: simulation, ground, assets, actors and cameras, up to where tensors begin.

Runs on Python 3.8; Isaac Gym is imported here and nowhere else.
"""
# ruff: noqa: B905 - `zip(strict=)` came with Python 3.10

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from mvp_real.errors import MvpRealError
from mvp_real.sim.isaac_gym.conventions import camera_quaternion, horizontal_opening, to_xyzw

# PhysX as in the thesis's tasks (PixMC): TGS solver, 12 position and 1 velocity iterations, 5 mm contact offset.
_SOLVER = {
    "solver_type": 1,
    "num_position_iterations": 12,
    "num_velocity_iterations": 1,
    "contact_offset": 0.005,
    "rest_offset": 0.0,
    # Room for thousands of robots on a GPU.
    "max_gpu_contact_pairs": 2**23,
    "default_buffer_size_multiplier": 5.0,
}
_NO_LIMIT = 1e6


class IsaacGymBuild:
    """Everything that is made before the first step.

    Args:
        settings: See `IsaacGymSimulation`.
        scene, arrays: See `IsaacGymSimulation`.
        folder: Where the URDF files are.

    Attributes:
        gymapi, gymtorch, torch: The modules.
        gym, sim: Isaac Gym's two handles.
        assets: One mapping an actor of the scene: `asset`, `joints` and `shapes` in its order as numbers of the
            scene's, `bodies` by name.
        envs: (N) handles; actors: (N, actors) handles; cameras: name to (N) handles.
        modes: (J,) "effort" where torques are ours, "position" where Isaac's implicit drive holds spring and damper.

    Raises:
        MvpRealError: Isaac Gym is not installed for this Python, or it refuses the device or a file.
    """

    def __init__(
        self, settings: dict[str, Any], scene: dict[str, Any], arrays: dict[str, Any], folder: str
    ) -> None:
        self.gymapi, self.gymtorch, self.torch = import_isaac_gym()
        self.count, self.device = int(settings["num_envs"]), str(settings["device"])
        self._settings, self._scene, self._arrays = settings, scene, arrays
        self.gym = self.gymapi.acquire_gym()
        self.sim = self._create_sim()
        self.modes = self._drive_modes()
        self._add_ground()
        self.assets = [self._load(actor, folder) for actor in scene["actors"]]
        self.envs: list[Any] = []
        self.actors: list[list[int]] = []
        self.cameras: dict[str, list[int]] = {name: [] for name in settings["cameras"]}
        self._fill()
        if not self.gym.prepare_sim(self.sim):
            raise MvpRealError("Isaac Gym could not prepare the simulation; its own output says why")

    def _create_sim(self) -> Any:
        gymapi, on_gpu = self.gymapi, self.device != "cpu"
        parameters = gymapi.SimParams()
        parameters.dt = float(self._settings["dt"]) / int(self._settings["substeps"])
        parameters.substeps = 1
        parameters.up_axis = gymapi.UP_AXIS_Z
        parameters.gravity = gymapi.Vec3(*self._scene["gravity"])
        parameters.use_gpu_pipeline = on_gpu
        parameters.physx.use_gpu = on_gpu
        for name, value in _SOLVER.items():
            setattr(parameters.physx, name, value)
        number = int(self.device.split(":")[1]) if ":" in self.device else 0
        graphics = number if self._settings["cameras"] else -1
        sim = self.gym.create_sim(number, graphics, gymapi.SIM_PHYSX, parameters)
        if sim is None:
            raise MvpRealError(
                f"Isaac Gym could not start on the device '{self.device}'; its own output says why"
            )
        return sim

    def _add_ground(self) -> None:
        ground = self._scene["ground"]
        if ground is None:
            return
        plane = self.gymapi.PlaneParams()
        plane.normal = self.gymapi.Vec3(0.0, 0.0, 1.0)
        plane.distance = -float(ground["height"])
        plane.static_friction = plane.dynamic_friction = float(ground["friction"])
        plane.restitution = float(ground["restitution"])
        self.gym.add_ground(self.sim, plane)

    def _drive_modes(self) -> Any:
        """(J,) "effort" where torques are ours, "position" where Isaac's implicit drive holds spring and damper."""
        arrays, count = self._arrays, len(self._scene["joints"])
        driven = np.zeros(count, dtype=bool)
        driven[arrays["actuator_joint"]] = True
        on_tendon = (arrays["tendon_weights"] != 0.0).any(axis=0)
        passive = ~driven & ((arrays["joint_stiffness"] > 0.0) | (arrays["joint_damping"] > 0.0))
        by_drive = passive | (driven & (self._settings["drive"] == "position"))
        return np.where(by_drive & ~on_tendon, "position", "effort")

    def _load(self, actor: dict[str, Any], folder: str) -> dict[str, Any]:
        options = self.gymapi.AssetOptions()
        options.fix_base_link = bool(actor["fixed"])
        options.collapse_fixed_joints = False
        options.replace_cylinder_with_capsule = False
        options.default_dof_drive_mode = int(self.gymapi.DOF_MODE_EFFORT)
        options.linear_damping = options.angular_damping = 0.0
        asset = self.gym.load_asset(self.sim, folder, actor["file"], options)
        if asset is None:
            raise MvpRealError(f"Isaac Gym could not read '{actor['file']}'; its own output says why")
        gym = self.gym
        joints = list(gym.get_asset_dof_names(asset))
        bodies = list(gym.get_asset_rigid_body_names(asset))
        scene_shapes = [index for index, body in enumerate(self._shape_bodies()) if body in actor["bodies"]]
        ranges = gym.get_asset_rigid_body_shape_indices(asset)
        by_body = {
            name: list(range(part.start, part.start + part.count)) for name, part in zip(bodies, ranges)
        }
        theirs = [shape for body in actor["bodies"] for shape in by_body[body]]
        if sorted(joints) != sorted(actor["joints"]) or len(theirs) != len(scene_shapes):
            raise MvpRealError(
                f"Isaac Gym read {len(joints)} joints and {len(theirs)} shapes from '{actor['file']}', which has"
                f" {len(actor['joints'])} and {len(scene_shapes)}"
            )
        properties = gym.get_asset_rigid_shape_properties(asset)
        for index, shape in zip(scene_shapes, theirs):
            properties[shape].filter = int(self._arrays["shape_filter"][index])
            properties[shape].friction = float(self._arrays["shape_friction"][index])
            properties[shape].restitution = float(self._arrays["shape_restitution"][index])
        gym.set_asset_rigid_shape_properties(asset, properties)
        return {
            "asset": asset,
            "joints": [self._scene["joints"].index(name) for name in joints],
            "bodies": {name: index for index, name in enumerate(bodies)},
            "shapes": list(zip(scene_shapes, theirs)),
            "shape_count": gym.get_asset_rigid_shape_count(asset),
        }

    def _shape_bodies(self) -> list[str]:
        names = self._scene["bodies"]
        return [names[int(body)] for body in self._arrays["shape_body"]]

    def _fill(self) -> None:
        gym, gymapi, spacing = self.gym, self.gymapi, float(self._settings["spacing"])
        lower, upper = (
            gymapi.Vec3(-spacing / 2, -spacing / 2, 0.0),
            gymapi.Vec3(spacing / 2, spacing / 2, spacing),
        )
        in_a_row = max(int(self.count**0.5), 1)
        bodies = sum(len(asset["bodies"]) for asset in self.assets)
        shapes = sum(asset["shape_count"] for asset in self.assets)
        for number in range(self.count):
            env = gym.create_env(self.sim, lower, upper, in_a_row)
            gym.begin_aggregate(env, bodies, shapes, True)
            actors = []
            for description, asset in zip(self._scene["actors"], self.assets):
                # The group keeps simulations apart; -1 leaves the filters of the shapes as they are.
                actor = gym.create_actor(
                    env, asset["asset"], self._pose(description), description["name"], number, -1, 0
                )
                if asset["joints"]:
                    gym.set_actor_dof_properties(env, actor, self._joint_properties(asset))
                actors.append(actor)
            gym.end_aggregate(env)
            self.envs.append(env)
            self.actors.append(actors)
            for name in self.cameras:
                self.cameras[name].append(self._add_camera(env, actors, name))

    def _pose(self, description: dict[str, Any]) -> Any:
        pose = self.gymapi.Transform()
        pose.p = self.gymapi.Vec3(*description["position"])
        pose.r = self.gymapi.Quat(*to_xyzw(np.array(description["quaternion"])).tolist())
        return pose

    def _joint_properties(self, asset: dict[str, Any]) -> Any:
        arrays, order = self._arrays, asset["joints"]
        properties = self.gym.get_asset_dof_properties(asset["asset"])
        by_drive = self.modes[order] == "position"
        modes = (int(self.gymapi.DOF_MODE_POS), int(self.gymapi.DOF_MODE_EFFORT))
        properties["driveMode"] = np.where(by_drive, modes[0], modes[1])
        stiffness, damping, effort = self._drive_numbers()
        properties["stiffness"] = np.where(by_drive, stiffness[order], 0.0)
        properties["damping"] = np.where(by_drive, damping[order], 0.0)
        properties["effort"] = np.where(by_drive, effort[order], _NO_LIMIT)
        properties["armature"] = arrays["joint_armature"][order]
        # A share of the joint's force there, not a torque: MuJoCo's dry friction has no counterpart.
        properties["friction"] = 0.0
        properties["hasLimits"] = arrays["joint_limited"][order]
        properties["lower"], properties["upper"] = arrays["joint_range"][order].T
        return properties

    def _drive_numbers(self) -> tuple[Any, Any, Any]:
        """Stiffness, damping and largest effort (J,) of joints that Isaac's drives hold."""
        arrays = self._arrays
        stiffness, damping = arrays["joint_stiffness"].copy(), arrays["joint_damping"].copy()
        effort = np.full(len(stiffness), _NO_LIMIT)
        if self._settings["drive"] == "position":
            joints = arrays["actuator_joint"]
            stiffness[joints] = arrays["gain"]
            damping[joints] -= arrays["bias"][:, 2]
            effort[joints] = np.minimum(arrays["limit"][:, 1], _NO_LIMIT)
        return stiffness, damping, effort

    def _add_camera(self, env: Any, actors: list[int], name: str) -> int:
        gymapi, gym = self.gymapi, self.gym
        description = next(camera for camera in self._scene["cameras"] if camera["name"] == name)
        width, height = self._settings["cameras"][name]
        properties = gymapi.CameraProperties()
        properties.width, properties.height = width, height
        properties.horizontal_fov = horizontal_opening(description["opening"], width, height)
        properties.supersampling_horizontal = properties.supersampling_vertical = 2
        properties.enable_tensors = self.device != "cpu"
        camera = gym.create_camera_sensor(env, properties)
        turn = camera_quaternion(np.array(description["quaternion"]))
        place = self._pose({"position": description["position"], "quaternion": turn})
        if description["body"] is None:
            gym.set_camera_transform(camera, env, place)
            return camera
        for actor, asset in zip(actors, self._scene["actors"]):
            if description["body"] in asset["bodies"]:
                body = gym.find_actor_rigid_body_handle(env, actor, description["body"])
                mode = gymapi.FOLLOW_TRANSFORM if description["follows_turns"] else gymapi.FOLLOW_POSITION
                gym.attach_camera_to_body(camera, env, body, place, mode)
        return camera


def import_isaac_gym() -> tuple[Any, Any, Any]:
    """The modules `gymapi`, `gymtorch` and `torch`, in the order that Isaac Gym demands.

    Raises:
        MvpRealError: Isaac Gym is not installed for this Python.
    """
    try:
        gymapi = importlib.import_module("isaacgym.gymapi")  # before torch, or it refuses
        gymtorch = importlib.import_module("isaacgym.gymtorch")
        return gymapi, gymtorch, importlib.import_module("torch")
    except ImportError as error:
        raise MvpRealError(
            f"Isaac Gym cannot be imported ({error}); download 'Isaac Gym Preview 4' from NVIDIA, install it with its"
            " own Python 3.8 (pip install -e isaacgym/python) and name that Python in MVP_REAL_ISAAC_GYM_PYTHON"
        ) from error
