"""Readers of what `analyzer.render` writes."""
