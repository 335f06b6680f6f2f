"""Names of lifters that are no weights; apart from the lifters, whose libraries take seconds to load."""

PICTURE = "blazepose"  # gives the poses that the detector has read from the picture itself, see `picture`
