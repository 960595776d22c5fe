"""N copies of a scene in Isaac Gym: their tensors, and what must be called when.

Order matters there: tensors only after `prepare_sim`, `refresh_*` before a read, each setter at most once between two
`simulate`, indices of actors in int32, and every tensor handed over must live until it was used. Runs on Python 3.8,
in a process of its own.
"""
# ruff: noqa: B905 - `zip(strict=)` came with Python 3.10

from __future__ import annotations

from typing import Any

import numpy as np

from mvp_real.sim.isaac_gym.building import IsaacGymBuild
from mvp_real.sim.isaac_gym.conventions import from_xyzw, to_xyzw
from mvp_real.sim.isaac_gym.joint_torques import JointTorques
from mvp_real.sim.isaac_gym.properties import ActorProperties
from mvp_real.sim.isaac_gym.rod_forces import RodForces


class IsaacGymSimulation:
    """The simulations.

    Args:
        settings: `num_envs`; `dt`, the physics step, s; `substeps` of it, in which rods pull and relax in turn;
            `device` ("cpu" or "cuda:<n>"); `drive` ("effort" or "position"); `spacing` between simulations, m;
            `cameras`, name to width and height.
        scene, arrays: Content and arrays of `scene.IsaacGymScene`.
        folder: Where the URDF files are.

    Raises:
        MvpRealError: Isaac Gym is not installed for this Python, or it refuses the device or a file.
    """

    def __init__(
        self, settings: dict[str, Any], scene: dict[str, Any], arrays: dict[str, Any], folder: str
    ) -> None:
        self._build = build = IsaacGymBuild(settings, scene, arrays, folder)
        self._gym, self._sim, self._torch = build.gym, build.sim, build.torch
        self._unwrap, self._device, self._count = build.gymtorch.unwrap_tensor, build.device, build.count
        self._settings, self._scene, self._arrays = settings, scene, arrays
        self._properties = ActorProperties(build, scene, arrays)
        self._substeps = int(settings["substeps"])
        self._acquire()
        self._find_places()
        self._explicit = self._tensor(build.modes == "effort")
        self._by_drive = bool((build.modes == "position").any())
        self._torques = JointTorques(build.torch, arrays, build.count, build.device, build.modes == "effort")
        self._rods = (
            RodForces(self._torch, arrays, float(settings["dt"]) / self._substeps, self._device)
            if len(arrays["rod_length"])
            else None
        )
        self._external = self._zeros(self._count, len(scene["bodies"]), 6)
        self._pending: set[int] = set()
        self._force = self._zeros(self._count, len(arrays["actuator_joint"]))

    def step(self, content: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        """Run physics steps.

        Args:
            content: `steps`.
            arrays: What changed of `control`, `gain`, `bias`, `limit`, `damping` (N or 1, ...), `external` (N, B, 6)
                force and torque at the centres of mass, and states to set: `rows` (n,), `roots` (n, F, 13),
                `positions`, `velocities` (n, J).

        Returns:
            The state after the last step: `roots`, `positions`, `velocities`, `contacts` (N, B, 3), `forces` (N, A).
        """
        for name in ("control", "gain", "bias", "limit", "damping"):
            if name in arrays:
                setattr(self._torques, name, self._tensor(arrays[name]))
        if "external" in arrays:
            self._external = self._tensor(arrays["external"])
        if "rows" in arrays:
            self._write_states(arrays)
        for _ in range(int(content["steps"])):
            for substep in range(self._substeps):
                self._simulate(substep)
        return self._read()

    def vary(self, content: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        """Give simulations properties of their own; see `ActorProperties.set`."""
        self._properties.set(arrays)
        return {}

    def render(self, content: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        """`pictures` (N, height, width, 3) uint8 of the camera `content["camera"]`."""
        name = content["camera"]
        width, height = self._settings["cameras"][name]
        gym, sim = self._gym, self._sim
        gym.fetch_results(sim, True)
        gym.step_graphics(sim)
        gym.render_all_camera_sensors(sim)
        pictures = np.empty((self._count, height, width, 3), np.uint8)
        on_gpu = self._device != "cpu"
        if on_gpu:
            gym.start_access_image_tensors(sim)
        for index, (env, camera) in enumerate(zip(self._build.envs, self._build.cameras[name])):
            if on_gpu:
                image = gym.get_camera_image_gpu_tensor(sim, env, camera, self._build.gymapi.IMAGE_COLOR)
                values = self._build.gymtorch.wrap_tensor(image).cpu().numpy()
            else:
                values = np.asarray(gym.get_camera_image(sim, env, camera, self._build.gymapi.IMAGE_COLOR))
            pictures[index] = values.reshape(height, width, 4)[..., :3]
        if on_gpu:
            gym.end_access_image_tensors(sim)
        return {"pictures": pictures}

    def close(self) -> None:
        """Free Isaac Gym's memory; safe to call twice."""
        if self._sim is not None:
            self._gym.destroy_sim(self._sim)
            self._sim = None

    def _acquire(self) -> None:
        gym, sim, count = self._gym, self._sim, self._count

        def wrap(tensor: Any, width: int) -> Any:
            return self._build.gymtorch.wrap_tensor(tensor).view(count, -1, width)

        self._roots = wrap(gym.acquire_actor_root_state_tensor(sim), 13)
        self._bodies = wrap(gym.acquire_rigid_body_state_tensor(sim), 13)
        self._contacts = wrap(gym.acquire_net_contact_force_tensor(sim), 3)
        moving = bool(self._scene["joints"])
        self._dofs = wrap(gym.acquire_dof_state_tensor(sim), 2) if moving else self._zeros(count, 0, 2)
        self._refresh()

    def _find_places(self) -> None:
        """Where the scene's joints, bodies and actors stand among Isaac Gym's."""
        gym, torch = self._gym, self._torch
        actors = self._scene["actors"]
        self._free = [number for number, actor in enumerate(actors) if not actor["fixed"]]
        self._jointed = [number for number, asset in enumerate(self._build.assets) if asset["joints"]]
        order = [joint for asset in self._build.assets for joint in asset["joints"]]
        self._joint_place = torch.as_tensor(np.argsort(order), dtype=torch.int64, device=self._device)
        self._their_joints = torch.as_tensor(np.array(order, dtype=np.int64), device=self._device)
        handles = [
            gym.find_actor_rigid_body_handle(self._build.envs[0], self._build.actors[0][number], body)
            for number, actor in enumerate(actors)
            for body in actor["bodies"]
        ]
        self._body_place = torch.as_tensor(np.array(handles, dtype=np.int64), device=self._device)
        self._indices = np.array(
            [
                [gym.get_actor_index(env, actor, self._build.gymapi.DOMAIN_SIM) for actor in row]
                for env, row in zip(self._build.envs, self._build.actors)
            ],
            dtype=np.int32,
        )
        # Whether Isaac tells positions from the world's or the simulation's origin need not be known: it is measured.
        nominal = self._tensor([actor["position"] for actor in actors])
        self._origin = (self._roots[:, :1, :3] - nominal[:1]).clone()

    def _refresh(self) -> None:
        gym, sim = self._gym, self._sim
        gym.refresh_actor_root_state_tensor(sim)
        gym.refresh_rigid_body_state_tensor(sim)
        gym.refresh_net_contact_force_tensor(sim)
        if self._scene["joints"]:
            gym.refresh_dof_state_tensor(sim)

    def _write_states(self, arrays: dict[str, Any]) -> None:
        """Put states into the tensors; they count from the next `simulate` on."""
        rows = self._torch.as_tensor(arrays["rows"].astype(np.int64), device=self._device)
        if self._free:
            roots = self._tensor(arrays["roots"]).clone()
            roots[..., 3:7] = to_xyzw(roots[..., 3:7])
            roots[..., :3] += self._origin[rows]
            for index, number in enumerate(self._free):
                self._roots[rows, number] = roots[:, index]
        if self._scene["joints"]:
            states = self._torch.stack(
                [self._tensor(arrays["positions"]), self._tensor(arrays["velocities"])], dim=-1
            )
            self._dofs[rows] = states[:, self._their_joints]
        self._pending.update(int(row) for row in arrays["rows"])

    def _apply_states(self) -> None:
        """Hand over what was written, of all chosen simulations at once: a second call would undo the first."""
        gym, sim, unwrap = self._gym, self._sim, self._unwrap
        rows = np.array(sorted(self._pending))
        self._chosen = []  # kept, because Isaac Gym reads the indices only when it simulates
        for numbers, tensor, setter in (
            (self._free, self._roots, gym.set_actor_root_state_tensor_indexed),
            (self._jointed, self._dofs, gym.set_dof_state_tensor_indexed),
        ):
            if numbers:
                chosen = np.ascontiguousarray(self._indices[rows][:, numbers].ravel())
                indices = self._torch.as_tensor(chosen, dtype=self._torch.int32, device=self._device)
                self._chosen.append(indices)
                setter(sim, unwrap(tensor.view(-1, tensor.shape[-1])), unwrap(indices), len(indices))

    def _simulate(self, substep: int) -> None:
        gym, sim, unwrap = self._gym, self._sim, self._unwrap
        fresh = self._pending
        if fresh:
            self._apply_states()
        if self._scene["joints"]:
            state = self._dofs[:, self._joint_place]
            torques, self._force = self._torques(state[..., 0], state[..., 1])
            # Kept as attributes: Isaac Gym holds addresses only.
            self._sent_torques = (torques * self._explicit)[:, self._their_joints].contiguous()
            gym.set_dof_actuation_force_tensor(sim, unwrap(self._sent_torques))
            if self._by_drive:
                self._sent_targets = self._drive_targets()[:, self._their_joints].contiguous()
                gym.set_dof_position_target_tensor(sim, unwrap(self._sent_targets))
        self._send_forces(substep, fresh)
        self._pending = set()
        gym.simulate(sim)
        gym.fetch_results(sim, True)
        if self._scene["joints"]:
            gym.refresh_dof_state_tensor(sim)
        if self._rods is not None:
            gym.refresh_rigid_body_state_tensor(sim)

    def _drive_targets(self) -> Any:
        targets = self._tensor(np.tile(self._arrays["joint_rest"], (self._count, 1)))
        if self._settings["drive"] == "position":
            targets[:, self._torques.joints] = self._torques.control
        return targets

    def _send_forces(self, substep: int, fresh: set[int]) -> None:
        wrench = self._external
        if self._rods is not None:
            states = self._bodies[:, self._body_place]
            rods = self._rods(states, from_xyzw(states[..., 3:7]), substep)
            if fresh:  # bodies of simulations that were just set stand elsewhere until they were simulated
                rods[self._torch.as_tensor(sorted(fresh), device=self._device)] = 0.0
            wrench = wrench + rods
        elif not bool(wrench.any()):
            return
        everything = self._zeros(self._count, self._bodies.shape[1], 6)
        everything[:, self._body_place] = wrench
        self._sent_force = everything[..., :3].reshape(-1, 3).contiguous()
        self._sent_torque = everything[..., 3:].reshape(-1, 3).contiguous()
        force, torque = self._unwrap(self._sent_force), self._unwrap(self._sent_torque)
        self._gym.apply_rigid_body_force_tensors(self._sim, force, torque, self._build.gymapi.ENV_SPACE)

    def _read(self) -> dict[str, Any]:
        self._refresh()
        roots = self._roots[:, self._free].clone()
        roots[..., :3] -= self._origin
        roots[..., 3:7] = from_xyzw(roots[..., 3:7])
        state = self._dofs[:, self._joint_place]
        tensors = {
            "roots": roots,
            "positions": state[..., 0],
            "velocities": state[..., 1],
            "contacts": self._contacts[:, self._body_place],
            "forces": self._force,
        }
        return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}

    def _tensor(self, values: Any) -> Any:
        return self._torch.as_tensor(np.asarray(values), device=self._device).to(self._torch.float32)

    def _zeros(self, *shape: int) -> Any:
        return self._torch.zeros(shape, dtype=self._torch.float32, device=self._device)
