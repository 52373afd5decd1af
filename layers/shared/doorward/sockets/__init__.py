"""Sockets that end with their session: tickets that open them, and the use case that closes them."""
