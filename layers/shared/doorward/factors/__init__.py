"""Second factors: authenticator apps, recovery codes, passkeys, and the sign-ins that wait for one."""
