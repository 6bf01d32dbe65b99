"""The commands of the ``motcua`` program, one file each."""
