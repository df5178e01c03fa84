"""What the file says of itself: boxes, tags, times, traces of software, and where they disagree."""
