"""The 50 Hz walking controller as pure logic: what the policy sees, what its action means, the state machine.

Training and robot use the same functions.
"""
