"""Screenshots: pictures of what devices show, as they upload them."""
