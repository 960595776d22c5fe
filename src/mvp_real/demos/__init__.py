"""Episodes on disk: one MCAP file per demonstration, readable by rosbag2 and Foxglove."""
