"""The whole network on one machine, by one command: ``picctv demo``.

It lives in the web distribution because that is the only one which stands on all the others. `plan` turns the arguments
into the three settings files, `supervisor` runs the processes, `check` looks at the result as a user would.
"""
