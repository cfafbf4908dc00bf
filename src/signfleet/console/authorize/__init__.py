"""`/console/authorize`: where a person agrees that a program acts for them."""
