"""Whether the data can be trusted: how fresh it is, and whether it reconciles."""
