"""The most common passwords: `sha1.bin` has the first five bytes of the SHA-1 of each, sorted.

Made by tools/common_passwords.py from the list of the package zxcvbn: Copyright (c) 2012-2016 Dan Wheeler and Dropbox,
Inc.; MIT licence.
"""
