"""The page for headset, phone and laptop: who may move the robot, what the browser says, what it is shown."""
