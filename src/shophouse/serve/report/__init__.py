"""The dashboard's figures as one HTML file, or PDF, that is mailed or kept: made without a browser, for a period."""
