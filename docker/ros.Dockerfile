# mvp_real on a ROS 2 distribution: real `ros2 launch`, without torch.
#
#   docker build -f docker/ros.Dockerfile --build-arg ROS_DISTRO=jazzy -t mvp_real:jazzy .
#   docker run --rm -it mvp_real:jazzy ros2 launch mvp_real pick_fruit.launch.py
#
# Distributions: jazzy (Ubuntu 24.04), kilted (Ubuntu 24.04). Not built by the project's CI, which has no Docker;
# CI builds the same tree with `colcon build` and with pip.
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base
ARG ROS_DISTRO

RUN apt-get update && apt-get install --no-install-recommends --yes \
        python3-pip python3-venv python3-colcon-common-extensions \
        ros-${ROS_DISTRO}-launch-testing-ros ros-${ROS_DISTRO}-rmw-fastrtps-cpp \
        libegl1 libgl1-mesa-dri libglx-mesa0 \
    && rm -rf /var/lib/apt/lists/*

# The distribution's rclpy must stay visible, and pip must not touch the system's Python.
RUN python3 -m venv --system-site-packages /opt/mvp_real
ENV VIRTUAL_ENV=/opt/mvp_real PATH=/opt/mvp_real/bin:$PATH MVP_REAL_PYTHON=/opt/mvp_real/bin/python3

WORKDIR /workspace/src/mvp_real
COPY . .
# The extra `ros` is left out on purpose: it would put wheels over the distribution's own packages.
RUN pip install --no-cache-dir '.[sim,infer,demos,report]'

WORKDIR /workspace
RUN . /opt/ros/${ROS_DISTRO}/setup.sh && colcon build --packages-select mvp_real

ENV ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
RUN printf '#!/bin/sh\n. /opt/ros/%s/setup.sh\n. /workspace/install/setup.sh\nexec "$@"\n' "${ROS_DISTRO}" \
        > /entrypoint && chmod +x /entrypoint
ENTRYPOINT ["/entrypoint"]
CMD ["ros2", "launch", "mvp_real", "pick_fruit.launch.py"]
