"""Forges to test against: servers that hold every request to the published description of the interface, and can fail."""
