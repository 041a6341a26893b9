"""The map compiler: reviewed YAML in, checked per-service JSON out. Not part of the installed package."""
