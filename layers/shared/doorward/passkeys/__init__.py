"""Passkeys: WebAuthn's two ceremonies. Only functions with the layer of passkeys import what verifies them."""
