"""A tabletop with the arm: bodies placed and looks written in place, time, servos, cameras.

Physics runs at 2 ms; control at 5 Hz lives above (in the driver). Tasks derive from this world and add
episodes. A world belongs to the thread that renders with it.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError
from mvp_real.messages import FloatArray, JointReading
from mvp_real.robots.table import load_robot
from mvp_real.sim.appearance import WRIST_CAMERA, Look, LookWriter
from mvp_real.sim.distractor import DISTRACTORS, resize
from mvp_real.sim.fruit import FRUITS
from mvp_real.sim.gripper import STROKE, GripperServo
from mvp_real.sim.mesh_overlay import menagerie_assets, overlay_meshes
from mvp_real.sim.rendering import OffscreenRenderer
from mvp_real.sim.scene import parking_place, tabletop_spec

ARM = tuple(f"joint{k}" for k in range(1, 8))
FINGERS = ("gripper/left_finger", "gripper/right_finger")
_BAD = (
    mujoco.mjtWarning.mjWARN_BADQPOS,
    mujoco.mjtWarning.mjWARN_BADQVEL,
    mujoco.mjtWarning.mjWARN_BADQACC,
    mujoco.mjtWarning.mjWARN_BADCTRL,
)
PARKED_GROUP = 3
SCENE_CAMERA = "scene"


class TabletopWorld:
    """Arm, table, fruits and distractors, all parked at first.

    Args:
        render_width, render_height: Size of the wrist image, px.
        scene_camera: Whether the third-person camera will be used (a larger off-screen buffer).
        samples: Samples per pixel of the wrist image; 0 is the cheapest.

    Attributes:
        model, data: MuJoCo's; `model` is changed in place by every look.
    """

    def __init__(
        self, render_width: int = 640, render_height: int = 480, scene_camera: bool = True, samples: int = 0
    ) -> None:
        self.table = load_robot("xarm7")
        spec = tabletop_spec()
        assets = menagerie_assets()
        if assets is not None:
            overlay_meshes(spec, assets)
        spec.visual.global_.offwidth = max(render_width, 1280 if scene_camera else 0)
        spec.visual.global_.offheight = max(render_height, 960 if scene_camera else 0)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self._size = (render_width, render_height)
        # The wrist picture is averaged down by 4.7 before any network sees it: it needs no samples of its
        # own.
        self._samples = {WRIST_CAMERA: samples, SCENE_CAMERA: 4}
        self._renderers: dict[str, OffscreenRenderer] = {}
        self._stale_textures: dict[str, set[str]] = {}
        self._looks = LookWriter(self.model)
        self._textures: dict[str, NDArray[np.uint8]] = {}
        self._radii: dict[str, float] = {}
        self._gripper = GripperServo()
        order = [self.model.joint(name).qposadr[0] for name in (*ARM, *FINGERS)]
        assert order == list(range(9)), f"arm and fingers must be the model's first coordinates, not {order}"

    # Building blocks of a scene.

    def show(self, look: Look) -> None:
        """Write a look into the model; unparks nothing."""
        for name in self._looks.write(look):
            # The same array object as before is already on the graphics side.
            if self._textures.get(name) is not look.textures[name]:
                self._textures[name] = look.textures[name]
                for stale in self._stale_textures.values():
                    stale.add(name)
        self._radii = {
            name: resize(
                self.model, item, look.distractor_sizes.get(name, np.array((*item.parts[0][1], 0.0, 0.0)[:3]))
            )
            for name, item in DISTRACTORS.items()
        }

    def radii(self) -> dict[str, float]:
        """Radius on the table of every distractor in its present size, m."""
        return dict(self._radii)

    def park(self, body: str) -> None:
        """Take a fruit or distractor out of sight and out of gravity."""
        identifier = self.model.body(body).id
        slot = (list(FRUITS) + list(DISTRACTORS)).index(body.split("/")[1])
        self._show_body(identifier, False)
        if body.startswith("fruit/"):
            address = self.model.joint(body).qposadr[0]
            self.data.qpos[address : address + 7] = (*parking_place(slot), 1.0, 0.0, 0.0, 0.0)
            self.model.body_gravcomp[identifier] = 1.0
        else:
            mocap = self.model.body_mocapid[identifier]
            self.data.mocap_pos[mocap] = parking_place(slot)
            self.data.mocap_quat[mocap] = (1.0, 0.0, 0.0, 0.0)

    def place_fruit(self, name: str, x: float, y: float, z: float, yaw: float) -> None:
        """Put a fruit somewhere, m and rad; it is subject to gravity from then on."""
        body = self.model.body(f"fruit/{name}").id
        address = self.model.joint(f"fruit/{name}").qposadr[0]
        self.data.qpos[address : address + 7] = (x, y, z, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))
        self.model.body_gravcomp[body] = 0.0
        self._show_body(body, True)

    def place_distractor(self, name: str, x: float, y: float, yaw: float) -> None:
        """Stand a distractor on the table, m and rad."""
        body = self.model.body(f"distractor/{name}").id
        mocap = self.model.body_mocapid[body]
        self.data.mocap_pos[mocap] = (x, y, 0.0)
        self.data.mocap_quat[mocap] = (np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))
        self._show_body(body, True)

    def _show_body(self, body: int, visible: bool) -> None:
        first, count = self.model.body_geomadr[body], self.model.body_geomnum[body]
        self.model.geom_group[first : first + count] = 0 if visible else PARKED_GROUP

    def park_everything(self) -> None:
        """Take all fruits and distractors out of sight."""
        for name in FRUITS:
            self.park(f"fruit/{name}")
        for name in DISTRACTORS:
            self.park(f"distractor/{name}")

    def set_joints(self, joints: FloatArray, opening: float) -> None:
        """Teleport the arm (7,) rad and gripper (opening fraction), at rest, and hold there."""
        self.data.qpos[:7] = joints
        self.data.qpos[7:9] = 0.5 * STROKE * opening
        self.data.ctrl[:7] = joints
        self.data.ctrl[7] = STROKE * opening
        self._gripper.reset(opening)

    # Time and control.

    @property
    def time(self) -> float:
        """Simulated seconds since `settle`."""
        return float(self.data.time)

    def set_servo(self, position: FloatArray) -> None:
        """Set-points of the servos: (8,) seven angles in rad and the commanded gripper opening 0..1."""
        self.data.ctrl[:7] = position[:7]
        self._gripper.command(float(position[7]))

    def advance(self, seconds: float) -> None:
        """Run the physics. The gripper's motor follows its command in 4 ms steps.

        Raises:
            MvpRealError: `seconds` is not a multiple of the time step of 2 ms.
        """
        steps = round(seconds / self.model.opt.timestep)
        if abs(steps * self.model.opt.timestep - seconds) > 1e-9:
            raise MvpRealError(f"cannot advance {seconds} s: needs a multiple of {self.model.opt.timestep} s")
        while steps > 0:
            substeps = min(2, steps)
            self.data.ctrl[7] = STROKE * self._gripper.advance(substeps * self.model.opt.timestep)
            self._step(substeps)
            steps -= substeps
            self.after_motion()

    def after_motion(self) -> None:
        """Called after every 4 ms of `advance`; a task follows its episode here."""

    def _step(self, count: int) -> None:
        mujoco.mj_step(self.model, self.data, count)

    def settle(self, seconds: float) -> None:
        """Let things come to rest, then start the clock at zero with no warning counted."""
        mujoco.mj_forward(self.model, self.data)
        self._step(round(seconds / self.model.opt.timestep))
        self.data.time = 0.0
        self.data.qvel[:] = 0.0
        for warning in self.data.warning:
            warning.number = 0
        mujoco.mj_forward(self.model, self.data)

    # What the robot and the operator can see.

    def joint_reading(self) -> JointReading:
        """Measured joints now."""
        # Arm and fingers are the first nine coordinates; slices are several times faster than index arrays.
        position, velocity = np.empty(8), np.empty(8)
        position[:7], position[7] = self.data.qpos[:7], self.opening()
        left, right = self.data.qvel[7:9].tolist()
        velocity[:7], velocity[7] = self.data.qvel[:7], (left + right) / STROKE
        return JointReading(self.table.joint_names, position, velocity, self.time)

    def opening(self) -> float:
        """Measured opening fraction of the gripper."""
        left, right = self.data.qpos[7:9].tolist()
        return min(max((left + right) / STROKE, 0.0), 1.0)

    def wrist_image(self) -> NDArray[np.uint8]:
        """Picture of the wrist camera, (render_height, render_width, 3) uint8 RGB."""
        # The arm's links are never in this view; leaving them and the sky out halves the cost.
        return self._render(WRIST_CAMERA, *self._size, sky=False, groups=(0, 1))

    def scene_image(self, width: int = 960, height: int = 720, shadows: bool = False) -> NDArray[np.uint8]:
        """Third-person picture, (height, width, 3) uint8 RGB; shadows look better and take several times as
        long.
        """
        return self._render(SCENE_CAMERA, width, height, shadows=shadows)

    def _render(self, camera: str, width: int, height: int, **options: object) -> NDArray[np.uint8]:
        if camera not in self._renderers:
            self._renderers[camera] = OffscreenRenderer(self.model, samples=self._samples[camera])
            self._stale_textures[camera] = set()  # a new context holds the model's present textures
        renderer = self._renderers[camera]
        for name in self._stale_textures[camera]:
            renderer.upload_texture(name)
        self._stale_textures[camera].clear()
        # After mj_step the frames are one step behind the joints.
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        return renderer.render(self.data, camera, width, height, **options)  # type: ignore[arg-type]

    def tcp_pose(self) -> FloatArray:
        """(4, 4) pose of the tool centre point in the base frame, m, of the measured joints."""
        return self.table.tool_pose(self.data.qpos[:7])

    def tool_position(self, joints: FloatArray) -> FloatArray:
        """(3,) tool centre point for joint angles (7,), m."""
        return self.table.tool_pose(joints)[:3, 3]

    def diverged(self) -> bool:
        """Whether the physics failed since the reset, by MuJoCo's own warning counters or a value that is
        not finite.
        """
        if any(self.data.warning[int(kind)].number > 0 for kind in _BAD):
            return True
        return not bool(np.isfinite(self.data.qpos).all())

    def close(self) -> None:
        """Free the renderer; safe to call twice."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()
