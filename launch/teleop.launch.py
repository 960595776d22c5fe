"""Move the arm by hand: headset, keyboard or gamepad, with a page that shows camera and state.

ros2 launch mvp_real teleop.launch.py
ros2 launch mvp_real teleop.launch.py --show-args
"""

from mvp_real.systems.launch_adapter import launch_description


def generate_launch_description():
    return launch_description("teleop")
