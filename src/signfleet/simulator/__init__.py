"""Simulated players: a believable fleet that speaks the public player protocol and nothing else.

`fleet` makes the players, `behaviour` their reports and `screenshots` their pictures; all three are functions of a
seed number. `player` sends them over HTTP, and `run` runs a whole fleet.
"""
