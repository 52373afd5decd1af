"""Tools for those who develop Doorward."""
