"""Lets go of what devices leave behind, which would grow without end: errors, downloads, pictures and their files."""
