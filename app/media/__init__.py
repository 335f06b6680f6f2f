"""Videos: read, written, their clocks, colours, sound; nothing else opens media."""
