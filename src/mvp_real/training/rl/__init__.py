"""Reinforcement learning on batched numpy environments: PPO, distillation, exact resume."""
