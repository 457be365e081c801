"""``picctv replay``: one plugin's analyzer over a recorded file, always with the same outcome."""
