"""A stand-in for the Allegro hand on CAN, moved by our own model of it."""
