"""An OpenVR runtime without SteamVR: tracked controllers for the real openvr library, with faults."""
