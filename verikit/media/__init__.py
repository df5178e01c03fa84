"""Pixels and sound: the ground floor that every wing stands on."""
