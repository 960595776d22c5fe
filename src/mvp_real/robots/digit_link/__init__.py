"""Digit's low-level interface: the ARTL protocol over UDP and the loop that drives the robot through it."""
