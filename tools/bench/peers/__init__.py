"""Doorward beside others, on the same work."""
