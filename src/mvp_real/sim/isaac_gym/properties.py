"""Properties that single simulations have of their own in Isaac Gym: masses, friction, armature. Runs on Python 3.8."""

from __future__ import annotations

from typing import Any

import numpy as np

from mvp_real.sim.isaac_gym.building import IsaacGymBuild


class ActorProperties:
    """Sets properties of actors, one simulation after another; Isaac Gym has no tensors for them.

    Args:
        build: The scene in Isaac Gym.
        scene, arrays: See `IsaacGymSimulation`.
    """

    def __init__(self, build: IsaacGymBuild, scene: dict[str, Any], arrays: dict[str, Any]) -> None:
        self._build, self._gym, self._scene, self._arrays = build, build.gym, scene, arrays

    def set(self, arrays: dict[str, Any]) -> None:
        """Give simulations properties of their own.

        Args:
            arrays: `rows` (n,) and any of `body_factor` (n, B) of masses and inertias, `shape_friction`,
                `shape_restitution` (n, S), `joint_armature`, `joint_damping` (n, J; of passive joints).
        """
        for index, row in enumerate(arrays["rows"]):
            given = {name: values[index] for name, values in arrays.items() if name != "rows"}
            for number, asset in enumerate(self._build.assets):
                place = (self._build.envs[int(row)], self._build.actors[int(row)][number])
                if "body_factor" in given:
                    self._scale_bodies(place, asset, given["body_factor"])
                if "shape_friction" in given or "shape_restitution" in given:
                    self._set_shapes(place, asset, given)
                if asset["joints"] and ("joint_armature" in given or "joint_damping" in given):
                    self._set_joints(place, asset, given)

    def _scale_bodies(self, place: tuple[Any, int], asset: dict[str, Any], factors: Any) -> None:
        gymapi, properties = self._build.gymapi, self._gym.get_actor_rigid_body_properties(*place)
        for name, index in asset["bodies"].items():
            if name not in self._scene["bodies"]:
                continue
            number = self._scene["bodies"].index(name)
            new = float(self._arrays["body_mass"][number] * factors[number])
            change = new / properties[index].mass if properties[index].mass else 1.0
            properties[index].mass = new
            old, scaled = properties[index].inertia, gymapi.Mat33()
            for axis in "xyz":  # written anew, because what Isaac Gym hands out may be copies
                row = getattr(old, axis)
                setattr(scaled, axis, gymapi.Vec3(row.x * change, row.y * change, row.z * change))
            properties[index].inertia = scaled
        self._gym.set_actor_rigid_body_properties(place[0], place[1], properties, False)

    def _set_shapes(self, place: tuple[Any, int], asset: dict[str, Any], given: dict[str, Any]) -> None:
        properties = self._gym.get_actor_rigid_shape_properties(*place)
        for ours, theirs in asset["shapes"]:
            if "shape_friction" in given:
                properties[theirs].friction = float(given["shape_friction"][ours])
            if "shape_restitution" in given:
                properties[theirs].restitution = float(given["shape_restitution"][ours])
        self._gym.set_actor_rigid_shape_properties(place[0], place[1], properties)

    def _set_joints(self, place: tuple[Any, int], asset: dict[str, Any], given: dict[str, Any]) -> None:
        properties, order = self._gym.get_actor_dof_properties(*place), asset["joints"]
        if "joint_armature" in given:
            properties["armature"] = given["joint_armature"][order]
        if "joint_damping" in given:
            by_drive = self._build.modes[order] == "position"
            properties["damping"] = np.where(by_drive, given["joint_damping"][order], 0.0)
        self._gym.set_actor_dof_properties(place[0], place[1], properties)
