"""Synthetic shops: files that look like a real shop's, whose true answers are known."""
