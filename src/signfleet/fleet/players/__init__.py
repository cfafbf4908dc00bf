"""The player's side: how a player joins a network, reports and learns its settings (`docs/player-protocol.md`)."""
