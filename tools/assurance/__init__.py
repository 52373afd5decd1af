"""What Doorward claims, tried by commands: `make assurance` runs them all, and writes docs/assurance.md."""
