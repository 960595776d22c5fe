"""Digit in MuJoCo: the full model with its closed loops, and the reduced one that training uses."""

from mvp_real.sim.digit.carrying import carrying_torques, standing_targets
from mvp_real.sim.digit.full import full_model
from mvp_real.sim.digit.loops import close_loops, standing_position
from mvp_real.sim.digit.readout import JointReadout
from mvp_real.sim.digit.reduced import reduced_model

__all__ = [
    "JointReadout",
    "carrying_torques",
    "close_loops",
    "full_model",
    "reduced_model",
    "standing_position",
    "standing_targets",
]
