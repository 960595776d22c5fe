"""Stand-ins for devices that speak the devices' own wire protocols, with our simulator as their physics."""
