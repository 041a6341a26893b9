"""`python -m analyzer` is the command `asl-iam`."""

from analyzer.cli import main

main(prog_name="asl-iam")
