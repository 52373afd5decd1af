"""Pages that people see in a browser: rendered on the server, without scripts."""
