"""Keys: their states, how they are made and rotated, and how functions keep them in memory."""
