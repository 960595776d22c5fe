"""Record demonstrations of a robot that is running.

ros2 launch mvp_real record.launch.py task:=reach folder:=demos/reach
ros2 launch mvp_real record.launch.py --show-args
"""

from mvp_real.systems.launch_adapter import launch_description


def generate_launch_description():
    return launch_description("record")
