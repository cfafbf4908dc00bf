"""Remote control of players (Remote DWS): `/rest/v1`, relayed to the players."""
