"""Exact comparison of policies: containment with a request as proof, `check` against declared policies, `diff` of analyses."""
