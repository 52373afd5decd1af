"""Doorward: sign-in, sessions, tokens, users and tenants for multi-tenant software on AWS."""
