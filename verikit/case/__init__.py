"""From a claim to a package: the case folder, its journal, its notebooks, the seal and the check of it."""
