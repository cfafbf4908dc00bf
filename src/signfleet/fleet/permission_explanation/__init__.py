"""Why a user may or may not do something."""
