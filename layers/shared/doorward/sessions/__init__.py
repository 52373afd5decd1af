"""The life of a session: signing in, refreshing, revoking, signing out."""
