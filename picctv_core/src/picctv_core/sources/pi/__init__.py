"""The camera modules of a Raspberry Pi: the drivers ``picamera2`` (current systems) and ``picamera`` (32-bit, up to Bullseye).

The two packages exist on a Pi only, so that each driver is in two modules: one with its settings, which any machine can
read and check, and one that imports the package, which is itself imported when the camera is opened.
"""
