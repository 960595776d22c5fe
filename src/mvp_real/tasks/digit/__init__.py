"""Walking with Digit: batched environment, reward, randomisation, terrain and privileged state (Xiao 2023, ch. 6)."""
