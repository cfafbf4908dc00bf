"""People: who can sign in, whatever networks they belong to."""
