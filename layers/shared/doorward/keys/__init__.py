"""Keys: their life, their making and rotation, and keys as functions hold them."""
