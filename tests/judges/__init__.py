"""Servers of other people that judge our wires in `make full`: `pytest --judges` puts them in the place of ours."""
