"""Seen before: which seconds of a clip are which seconds of known footage, and the proof."""
