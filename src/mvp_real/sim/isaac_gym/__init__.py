"""Isaac Gym (NVIDIA, Preview 4) behind our simulator interface.

Isaac Gym runs on Python 3.6 to 3.8 only, this package on 3.10 and later. So it lives in a process of its own: the
modules `conventions`, `frames`, `forces`, `simulation` and `worker` are what runs there, with numpy and torch
alone, and they keep to Python 3.8. `urdf`, `scene` and `process` run on our side.
"""
