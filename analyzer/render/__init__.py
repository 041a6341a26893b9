"""Policies in the languages of templates: what an analysis that kept its symbols becomes there."""
