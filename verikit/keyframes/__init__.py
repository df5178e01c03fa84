"""Frames to search: shots, the frames that stand for them, and their stills."""
