"""What a motion looks like, drawn into pictures."""
