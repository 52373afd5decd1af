"""What people do with a proof that was mailed to them: sign up, set a password, sign in, change an address."""
