"""The local cloud behind `make run`. Needs nothing but Python's standard library to start."""
