"""Where people are and how they touch the floor: root path, ground, contacts, and the space of exports."""
