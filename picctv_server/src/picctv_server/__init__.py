"""The server of picctv: takes in, processes and stores what the nodes send."""
