"""What `tests/corpus_report.py` is made of: the cases, what running them shows, and the comparison with other policies."""
