"""An Allegro hand on CAN: its driver, and an emulated hand unless a real one is named.

ros2 launch mvp_real allegro.launch.py
ros2 launch mvp_real allegro.launch.py robot:=allegro interface:=socketcan channel:=can0
"""

from mvp_real.systems.launch_adapter import launch_description


def generate_launch_description():
    return launch_description("allegro")
