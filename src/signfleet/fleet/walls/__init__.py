"""Links that show a wall of pictures to everybody who has them."""
