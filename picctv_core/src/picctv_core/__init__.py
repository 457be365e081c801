"""The core of picctv: cameras, plugins, messages and the node that runs them."""
