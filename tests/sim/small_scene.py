"""A box with a driven arm above a floor: small enough for every engine, with all that their tests compare."""

from __future__ import annotations

import mujoco

_SCENE = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.005" integrator="implicitfast"/>
  <worldbody>
    <light pos="0 -1 3"/>
    <camera name="view" pos="0 -1.2 0.4" xyaxes="1 0 0 0 0.3 1"/>
    <geom name="floor" type="plane" size="0 0 1" rgba="0.2 0.2 0.2 1"/>
    <body name="box" pos="0 0 0.15">
      <freejoint name="box"/>
      <geom name="box" type="box" size=".1 .1 .1" mass="2" rgba="0.9 0.1 0.1 1"/>
      <geom name="lid" type="box" size=".05 .05 .02" pos=".02 .03 .2" mass="0.6"/>
      <site name="under" type="box" size=".11 .11 .02" pos="0 0 -.1"/>
      <camera name="eye" pos="0 -.1 .1" xyaxes="1 0 0 0 0 1" fovy="60"/>
      <body name="arm" pos=".15 0 0">
        <joint name="arm" axis="0 1 0" damping=".1" armature=".01" range="-1.5 1.5"/>
        <geom type="capsule" fromto="0 0 0 .3 0 0" size=".03" mass=".3" contype="0" conaffinity="0"/>
        <site name="tip" pos=".3 0 0"/>
        <body name="flap" pos=".3 0 0">
          <joint name="flap" axis="0 0 1" damping=".02" stiffness=".5" armature=".002"/>
          <geom type="cylinder" size=".02 .04" pos=".05 0 0" mass=".1" contype="0" conaffinity="0"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator><position name="arm" joint="arm" kp="10" kv="1" forcerange="-4 4"/></actuator>
  <sensor><touch name="weight" site="under"/></sensor>
</mujoco>
"""


def small_scene(timestep: float = 0.005) -> mujoco.MjSpec:
    """Bodies `box` (free), `arm`, `flap`; joints `arm` (driven), `flap` (on a spring); cameras `view`, `eye`."""
    spec = mujoco.MjSpec.from_string(_SCENE)
    spec.option.timestep = timestep
    return spec
