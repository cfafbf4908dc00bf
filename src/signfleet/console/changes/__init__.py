"""Changes of all players that a search finds: what would happen first, then the job."""
