"""Defences that are broken on purpose, to see that a test notices."""
