"""The one bridge from a system graph to a standard ROS 2 launch description.

Imports `launch` and `launch_ros` only when called: they exist on a ROS distribution, not on PyPI.
"""

from __future__ import annotations

from typing import Any

from mvp_real.errors import require
from mvp_real.systems.environment import system_environment
from mvp_real.systems.graph import System, load_system
from mvp_real.systems.process import NodeProcess, resolve

# What `mvp_real up` sets and a launch file has to set as well. The rest is the launch system's own business.
FORWARDED_VARIABLES = (
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "OMP_NUM_THREADS",
    "LP_NUM_THREADS",
    "MUJOCO_GL",
)


def launch_description(name: str) -> Any:
    """The `LaunchDescription` of a system: arguments declared, nodes made when their values are known."""
    launch = require("launch", "ros")
    actions = require("launch.actions", "ros")
    system = load_system(name)
    environment = system_environment()
    return launch.LaunchDescription(
        [
            *(actions.SetEnvironmentVariable(v, environment[v]) for v in FORWARDED_VARIABLES),
            *(_declaration(system, argument.name) for argument in system.arguments),
            actions.OpaqueFunction(function=lambda context: _nodes(system, context)),
        ]
    )


def _declaration(system: System, name: str) -> Any:
    actions = require("launch.actions", "ros")
    argument = system.argument(name)
    default = str(argument.default)
    return actions.DeclareLaunchArgument(
        argument.name,
        default_value=default.lower() if isinstance(argument.default, bool) else default,
        description=argument.help,
        choices=list(argument.choices) or None,
    )


def _nodes(system: System, context: Any) -> list[Any]:
    given = {a.name: str(context.launch_configurations[a.name]) for a in system.arguments}
    return [_node(process) for process in resolve(system, system.values(given))]


def _node(process: NodeProcess) -> Any:
    launch_ros_actions = require("launch_ros.actions", "ros")
    descriptions = require("launch_ros.parameter_descriptions", "ros")
    options: dict[str, Any] = {}
    if process.required or process.ends_system:
        actions = require("launch.actions", "ros")
        options["on_exit"] = actions.Shutdown(reason=f"required node '{process.name}' ended")
    if process.namespace:
        options["namespace"] = f"/{process.namespace.strip('/')}"
    return launch_ros_actions.Node(
        package="mvp_real",
        executable=process.executable,
        name=process.name,
        # Parameter, not a dict: a dict would go through a temporary file, and the command line would differ.
        parameters=[
            descriptions.Parameter(name, value, value_type=type(value))
            for name, value in process.parameters.items()
        ],
        remappings=list(process.remap.items()),
        respawn=process.respawn,
        output="screen",
        emulate_tty=True,
        **options,
    )
