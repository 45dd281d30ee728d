"""A synthetic shop whose truth is known: who its customers are and by which process they buy, what each channel does,
what was lost to empty shelves, and which faults stand in its files.

The world is drawn once, to its horizon; whatever is delivered is the part of it that has happened by then. Each shape
(storefront, olist, grocery, order events) is a way to write the same kind of world down.
"""
