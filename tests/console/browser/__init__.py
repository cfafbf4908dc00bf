"""Tests that need a browser. As a package, so that fixtures of its scope end with the last of its tests.

Playwright runs an event loop in the thread of the tests, and no other test can run its own beside that.
"""
