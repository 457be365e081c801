"""Line crossing for picctv: who crosses a line, in which direction, hour by hour."""
