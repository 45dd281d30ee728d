"""The dashboard: pages over what is published, and what they are made of.

A page is a folder below `pages/` with its layout and its queries. What a page shows is calculated as plain data
(`contents`), which the browser (`drawing`) and the report draw each in its own way.
"""
