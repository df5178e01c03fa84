"""The composed verbs: what one command or one notebook step does, joining wings that do not know each other."""
