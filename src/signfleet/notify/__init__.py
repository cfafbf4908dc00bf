"""Takes messages out of the server: mail, its outbox and its delivery.

Knows neither people nor players: a caller hands in addresses and values."""
