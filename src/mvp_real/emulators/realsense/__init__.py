"""A RealSense camera without a camera: frames for the software device of the real library, with faults."""
