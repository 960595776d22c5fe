"""Our own model of the Allegro hand from primitive shapes, as MuJoCo model and as URDF."""
