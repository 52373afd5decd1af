"""The local cloud that `make run` starts.

To start, it needs only Python's standard library.
"""
