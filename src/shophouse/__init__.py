"""shophouse."""
