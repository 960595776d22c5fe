"""UFACTORY's controller box with an xArm7 and its gripper, on the box's own wire protocol, moved by our physics."""
