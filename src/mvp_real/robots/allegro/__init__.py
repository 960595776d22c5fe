"""The Allegro hand: facts, wire format, control loop in a process of its own, driver."""
