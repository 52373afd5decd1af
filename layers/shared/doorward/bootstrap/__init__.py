"""What several entry points share: parts, keys, the clock.

A function's own wiring is in the function's `app.py`.
"""
