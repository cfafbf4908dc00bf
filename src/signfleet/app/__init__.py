"""Puts the server together and starts it: wiring, command line, upgrades, backup, jobs.

Knows every other wing. Rules about players, people or HTTP do not belong here."""
