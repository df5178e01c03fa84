"""Timings and accuracy, as ratios to a peer that runs in the same run. Nothing here is a test."""
