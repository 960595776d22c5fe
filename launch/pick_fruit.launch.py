"""Pick fruit with a learned policy: simulator, encoder, controller and the operator's script.

ros2 launch mvp_real pick_fruit.launch.py scene:=varied
ros2 launch mvp_real pick_fruit.launch.py --show-args
"""

from mvp_real.systems.launch_adapter import launch_description


def generate_launch_description():
    return launch_description("pick_fruit")
