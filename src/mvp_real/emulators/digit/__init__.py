"""Digit on its low-level interface: ARTL over UDP, with our full model as the robot."""
