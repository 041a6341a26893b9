"""The comment on a pull request: what changed in what state machines need, and the forges that it is posted to.

`gather` compares two sets of analyses, `comment` writes what it found as Markdown, `settle` keeps exactly one comment on a forge.
"""
