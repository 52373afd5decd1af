"""The demo: example users and notifications in a tenant."""
