"""Node parameters, each declared with a description and bounds, so that tools can show and check them."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node


def declare(
    node: Node,
    name: str,
    default: Any,
    description: str,
    bounds: tuple[float, float] | None = None,
    read_only: bool = False,
) -> Any:
    """Declare a parameter and return its value.

    Args:
        node: Owner of the parameter.
        name: Its name.
        default: Value unless one is given; its type is the parameter's type.
        description: What it does, with the unit.
        bounds: Smallest and largest value allowed, for numbers.
        read_only: Refuse changes after the start.
    """
    descriptor = ParameterDescriptor(description=description, read_only=read_only)
    if bounds is not None and isinstance(default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=bounds[0], to_value=bounds[1])]
    elif bounds is not None:
        descriptor.integer_range = [IntegerRange(from_value=int(bounds[0]), to_value=int(bounds[1]), step=1)]
    return node.declare_parameter(name, default, descriptor).value
