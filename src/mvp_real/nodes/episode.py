"""Node `episode`: runs trials, playing the operator of the simulated robot.

For each placement and bundle: set up the scene, arm the controller, enable the arm, wait for the outcome.
Unlike a person it also clears latched stops without looking; it is meant for the simulator only. It ends
when all trials have run, with results, video and still in its output folder.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.protocol import Trial, trials_to_run
from mvp_real.evaluation.subjects import load_subjects
from mvp_real.evaluation.trials import TrialLog, TrialRecord
from mvp_real.nodes import conversions
from mvp_real.nodes.diagnostics import OK, Report
from mvp_real.nodes.live_view import PORT
from mvp_real.nodes.managed_node import ManagedNode
from mvp_real.nodes.operator import Operator
from mvp_real.nodes.pace import LOCKSTEP
from mvp_real.nodes.parameters import declare
from mvp_real.nodes.quality import RECORDER, joint_history_quality, sensor_quality
from mvp_real.nodes.runner import run_node
from mvp_real.nodes.service_caller import Interrupted
from mvp_real.nodes.trial_judgement import ended_by_itself, judge
from mvp_real.nodes.trial_plan import THROUGH, chosen_setups, summary_lines, trial_line
from mvp_real.nodes.trial_recorder import TrialRecorder
from mvp_real.nodes.trial_results import default_folder, write_results
from mvp_real.nodes.trial_video import SceneSample, TrialVideo
from mvp_real.nodes.video_frame import FrameText
from mvp_real.tasks.pick_fruit import setup_to_dict

START_TIMEOUT = 60.0  # s of wall time until every node is there
IMAGE_TIMEOUT = 10.0  # s of wall time until the first image
STANDSTILL = 120.0  # s of wall time in which a trial makes no step until it is given up


class Episode(ManagedNode):
    """See the module; parameters describe themselves (`ros2 param describe`)."""

    def __init__(self) -> None:
        super().__init__("episode", "operator")
        text = {
            "bundle": (
                "pick_fruit",
                "Controller bundles, comma separated, one after another at each placement.",
            ),
            "placements": ("evaluation", "evaluation, validation, random:N, N, indices, or a JSON file."),
            "scene": ("plain", "plain or varied."),
            "speed": ("1", "As for sim_bridge."),
            "record": ("", "Folder for one MCAP file per trial; empty records nothing."),
            "view": ("none", "'browser' serves the video while it is made."),
            "out": ("", "Folder for results; empty is runs/pick_fruit/<time>."),
        }
        values = {
            name: str(declare(self, name, default, help, read_only=True))
            for name, (default, help) in text.items()
        }
        self._values = values
        self._seed = declare(
            self, "seed", 0, "First seed of random placements.", (0, 2**31 - 1), read_only=True
        )
        self._wants_video = declare(self, "video", True, "Write video.mp4 and still.png.", read_only=True)
        self._video: TrialVideo | None = None
        self._recorder: TrialRecorder | None = None
        self._current: Trial | None = None
        self._sees_images = False
        self._episode = -1
        self._targets: list[list[float]] = []
        self._wrist: np.ndarray | None = None
        self._records: list[TrialRecord] = []
        self._thread = threading.Thread(target=self._work, name="operator", daemon=True)

    # Life cycle.

    def configure(self) -> None:
        values = self._values
        self._subjects = load_subjects([name for name in values["bundle"].split(",") if name])
        self._names = dict(zip((s.label for s in self._subjects), values["bundle"].split(","), strict=True))
        self._setups = chosen_setups(values["placements"], values["scene"], self._seed)
        self._folder = Path(values["out"]) if values["out"] else default_folder()
        self._log = TrialLog(self._folder)
        self._trials = trials_to_run(self._subjects, [self._setups], self._log, THROUGH)
        if self._wants_video:
            self._video = TrialVideo(self._folder, PORT if values["view"] == "browser" else 0)
            self.create_subscription(Float64MultiArray, "scene_state", self._on_scene, 50)
        lockstep = values["speed"] == LOCKSTEP
        quality = RECORDER if lockstep else sensor_quality(lockstep)
        self._wants_images = self._wants_video or bool(values["record"])
        if self._wants_images:
            self.create_subscription(Image, "wrist_camera/image", self._on_image, quality)
        if values["record"]:
            self._recorder = TrialRecorder(Path(values["record"]))
            history = RECORDER if lockstep else joint_history_quality(lockstep)
            self.create_subscription(JointState, "joint_states", self._on_joints, history)
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, RECORDER)
        self._operator = Operator(self)

    def activate(self) -> None:
        self._thread.start()

    def shut_down(self) -> None:
        super().shut_down()
        if hasattr(self, "_operator"):
            self._operator.close()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        if self._recorder is not None:
            self._recorder.discard()
        if self._video is not None:
            self._video.abandon()

    # The operator's script, in its own thread.

    def _work(self) -> None:
        try:
            self._operator.wait_for_nodes(START_TIMEOUT)
            self.get_logger().info("playing the operator: nobody looks before a stop is cleared")
            self._run_trials()
            self._finish()
            self.exit_code = 0
        except Interrupted:
            pass
        except MvpRealError as error:
            self.get_logger().error(str(error))
            self.exit_code = 2
        except Exception as error:  # the thread must not die silently and leave the system running
            self.get_logger().error(f"{type(error).__name__}: {error}")
            self.exit_code = 1

    def _run_trials(self) -> None:
        trials = self._trials
        # The folder may also hold trials of other scenes and placements, which are not of this run.
        placements = {(named.setup.scene, named.name) for named in self._setups}
        self._records = [
            t for t in self._log.trials if t.subject in self._names and (t.scene, t.placement) in placements
        ]
        total = len(trials) + len(self._records)
        if self._records:
            self._say(
                f"{len(self._records)} of {total} trials are in {self._folder} already; going on from there"
            )
        loaded = self._subjects[0].label
        if trials and self._wants_images and trials[0].subject.encoder is not None:
            # The first image of the first trial must not be lost.
            self._operator.wait(lambda: self._sees_images, IMAGE_TIMEOUT)
        for trial in trials:
            if trial.subject.label != loaded:
                self._operator.enable_robot(False)
                self._operator.load_bundle(self._names[trial.subject.label])
                loaded = trial.subject.label
            record = self._run(trial)
            self._log.append(record)
            self._records.append(record)
            self._say(trial_line(record, len(self._records), total, len(self._subjects)))

    def _run(self, trial: Trial) -> TrialRecord:
        operator, started = self._operator, time.monotonic()
        operator.enable_policy(False)
        operator.enable_robot(False)
        if operator.robot.get("state") == "stopped":
            self.get_logger().info(f"clearing the latched stop: {operator.robot['reason']}")
            operator.clear_fault()
        self._targets = []
        setup = setup_to_dict(trial.setup.setup)
        if self._video is not None:
            self._video.begin(setup)
        if self._recorder is not None:
            self._recorder.begin(trial)
        self._current = trial
        self._episode = operator.reset(setup, self._names[trial.subject.label])
        operator.enable_policy(True)
        operator.enable_robot(True)
        ended = ended_by_itself(
            lambda: operator.wait(self._over, STANDSTILL), lambda: operator.robot.get("time", 0.0)
        )
        robot, policy = operator.robot, operator.policy
        operator.enable_policy(False)
        operator.enable_robot(False)
        record = judge(trial, robot, policy, ended, time.monotonic() - started)
        self._current = None
        if self._recorder is not None:
            self._recorder.end(record)
        if self._video is not None:
            self._video.end(self._caption(trial, record))
        return record

    def _over(self) -> bool:
        robot = self._operator.robot
        if robot.get("episode") != self._episode:
            return False
        stopped = robot["state"] == "stopped" or self._operator.policy.get("state") == "disarmed"
        return bool(robot["outcome"]["done"]) or stopped

    def _finish(self) -> None:
        settings = {**self._values, "seed": self._seed}
        path = write_results(self._folder, self._records, self._subjects, settings)
        for line in summary_lines(self._records):
            self._say(line)
        if self._video is not None:
            waiting = self._video.backlog()
            if waiting > 5:
                self._say(f"drawing the last {waiting} frames of the video")
            self._video.finish()
            self._operator.wait(lambda: self._video is not None and self._video.finished, 600.0)
            problem = self._video.problem()
            if problem:
                self.get_logger().warning(f"no video: {problem}")
            else:
                self._say(f"video: {self._folder / 'video.mp4'}, still: {self._folder / 'still.png'}")
        self._say(f"results: {path}")

    @staticmethod
    def _say(text: str) -> None:
        print(text, flush=True)

    # What the video and the recording take from the topics.

    def _on_image(self, message: Image) -> None:
        self._sees_images = True
        if self._current is None:
            return
        frame = conversions.frame(message, 0)
        self._wrist = frame.image
        if self._recorder is not None:
            self._recorder.image(frame)

    def _on_joints(self, message: JointState) -> None:
        if self._recorder is not None and self._current is not None:
            self._recorder.joints(conversions.joint_reading(message))

    def _on_target(self, message: JointTrajectory) -> None:
        target = conversions.joint_target(message)
        if target is None or self._current is None:
            return
        self._targets.append(target.position.tolist())
        if self._recorder is not None:
            self._recorder.target(target)

    def _on_scene(self, message: Float64MultiArray) -> None:
        trial = self._current
        if self._video is None or trial is None or int(message.data[0]) != self._episode:
            return
        if self._operator.robot.get("state") == "disabled" or round(message.data[1] * 10) % 2:
            return
        state = self._operator.robot.get("state", "")
        loop = self._operator.policy.get("state", "")
        text = FrameText(self._title(trial), f"{loop}, arm {state}   {message.data[1]:.1f} s", self._tally())
        qpos = np.array(message.data[2:])
        self._video.add(SceneSample(qpos, self._wrist, np.array(self._targets).reshape(-1, 8), text))

    def _title(self, trial: Trial) -> str:
        name = trial.setup.setup.placement.fruit.replace("_", " ")
        who = f"  {trial.subject.label}" if len(self._subjects) > 1 else ""
        return f"{name}  {trial.setup.name}  {trial.setup.setup.scene} scene{who}"

    def _tally(self) -> str:
        records = self._records
        return f"{sum(r.success for r in records)}/{len(records)}" if records else ""

    def _caption(self, trial: Trial, record: TrialRecord) -> FrameText:
        good = record.success
        picked = sum(r.success for r in self._records) + good
        state = "picked" if good else f"failed: {record.category.replace('_', ' ')}"
        return FrameText(self._title(trial), state, f"{picked}/{len(self._records) + 1}", good)

    def report(self) -> Report:
        records = self._records
        values = {"trials": len(records), "picked": sum(r.success for r in records)}
        return OK, self._title(self._current) if self._current else "between trials", values


def main() -> int:
    """Entry point of `lib/mvp_real/episode`."""
    return run_node(Episode)
