"""Notes that operators write about devices."""
