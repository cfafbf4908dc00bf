"""The way of commands to players, and of their answers back: `/player/v1/commands` and `/player/v1/events`."""
