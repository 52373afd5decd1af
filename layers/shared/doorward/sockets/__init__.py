"""Sockets that end with the session: tickets to open them, and what closes them."""
