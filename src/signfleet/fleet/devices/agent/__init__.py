"""What the software of a player says of itself: the commands it can do, and the settings it has applied."""
