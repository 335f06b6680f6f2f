"""A folder of clips: found, worked through by any number of processes, resumable, and reported on."""
