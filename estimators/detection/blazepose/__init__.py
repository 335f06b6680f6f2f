"""BlazePose GHUM: 39 landmarks of one person in a picture, and 33 of them in metres, as mmpose models."""
