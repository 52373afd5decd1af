"""Users as those who administer them, and they themselves, see and change them."""
