# mvp_real beside Isaac Gym, each with its own Python: 3.11 and 3.8.
#
#   Download Isaac Gym Preview 4 from NVIDIA yourself, unpack it, and give its folder `isaacgym` as a build context:
#   docker build -f docker/isaac_gym.Dockerfile --build-context isaacgym=path/to/isaacgym -t mvp_real:isaac_gym .
#   docker run --rm -it --gpus all mvp_real:isaac_gym mvp_real train digit --config FILE --out runs/digit
#   with `environment: {engine: isaac_gym, device: "cuda:0", joint_friction: false}` in FILE.
#
# Ubuntu 20.04, because its system Python is the 3.8 that Isaac Gym is built for. Not built by the project's CI.
FROM nvidia/cuda:11.8.0-runtime-ubuntu20.04
COPY --from=ghcr.io/astral-sh/uv:0.8 /uv /usr/local/bin/uv

RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --no-install-recommends --yes \
        python3.8 libpython3.8 python3.8-dev gcc g++ ninja-build libegl1 libgl1 libvulkan1 \
    && rm -rf /var/lib/apt/lists/*
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics

# gymtorch compiles a small extension with ninja on its first import.
COPY --from=isaacgym . /opt/isaacgym
RUN uv venv --python /usr/bin/python3.8 /opt/isaac_gym_python \
    && uv pip install --no-cache --python /opt/isaac_gym_python/bin/python 'numpy<1.24' 'torch==2.0.1' \
    && uv pip install --no-cache --python /opt/isaac_gym_python/bin/python -e /opt/isaacgym/python
ENV MVP_REAL_ISAAC_GYM_PYTHON=/opt/isaac_gym_python/bin/python

WORKDIR /workspace
COPY . .
RUN uv venv --python 3.11 /opt/mvp_real \
    && uv pip install --no-cache --python /opt/mvp_real/bin/python '.[sim,learn,report]'
ENV VIRTUAL_ENV=/opt/mvp_real PATH=/opt/mvp_real/bin:$PATH
CMD ["mvp_real", "--help"]
