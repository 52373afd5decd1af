"""The demo: a team and notifications in a tenant."""
