"""What two entry points share: parts, keys, the clock. A function's own wiring stands beside its handler."""
