"""Digit walks with a learned policy: simulated, emulated or real robot with its driver, and the 50 Hz policy.

ros2 launch mvp_real digit_walk.launch.py tour:=figure_eight
ros2 launch mvp_real digit_walk.launch.py --show-args
"""

from mvp_real.systems.launch_adapter import launch_description


def generate_launch_description():
    return launch_description("digit_walk")
