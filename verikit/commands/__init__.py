"""What each command does: one verb, then print. Each has a Python verb of the same meaning; there is no logic here.

Each command imports what it needs when it runs, so that `verikit --help` and `verikit verify` start at once.
"""
