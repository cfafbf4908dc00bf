"""Mail: composed from templates, kept in the store until a mail server has taken it."""
