# mvp_real with a CUDA runtime: training on GPUs with the engine `warp`, and ONNX Runtime on the GPU.
#
#   docker build -f docker/cuda.Dockerfile -t mvp_real:cuda .
#   docker run --rm -it --gpus all mvp_real:cuda mvp_real train digit --config digit_teacher --out runs/digit_teacher
#
# The wheels of torch and Warp bring their own CUDA libraries; the base has those that ONNX Runtime looks for.
# Not built by the project's CI, which has neither Docker nor a GPU.
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04

RUN apt-get update && apt-get install --no-install-recommends --yes \
        python3 python3-venv libegl1 libgl1 libglvnd0 \
    && rm -rf /var/lib/apt/lists/*
# EGL on the GPU, for pictures of the engine `mujoco`.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics MUJOCO_GL=egl

RUN python3 -m venv /opt/mvp_real
ENV VIRTUAL_ENV=/opt/mvp_real PATH=/opt/mvp_real/bin:$PATH

WORKDIR /workspace
COPY . .
RUN pip install --no-cache-dir '.[warp,learn,report,infer-gpu]'
CMD ["mvp_real", "--help"]
