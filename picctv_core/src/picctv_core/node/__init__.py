"""The node: it reads cameras, runs plugins on what they give, and delivers what these say to a server."""
