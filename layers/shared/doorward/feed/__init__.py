"""Publish what is revoked, for verifiers that cannot ask the table."""
