"""Deletes old errors, downloads and screenshots, which would otherwise grow without end, and files no longer needed."""
