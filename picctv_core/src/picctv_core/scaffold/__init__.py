"""``picctv plugins new``: a plugin to begin with, which runs as it is.

The folder ``template`` is a plugin by the name of *new-plugin*. `render` gives it another name and leaves out what
people don't want; `names` makes the name and judges it; `cli` is the command.
"""
