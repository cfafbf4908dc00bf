"""Simulated players: a believable fleet that speaks the public player protocol and nothing else.

`fleet` invents who the players are, `behaviour` what they have to say at a moment, `screenshots` what they show; all
three are functions of a seed number. `player` says it over HTTP and `run` keeps a whole fleet at it.
"""
