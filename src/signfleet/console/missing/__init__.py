"""Answers addresses of the console that lead nowhere."""
