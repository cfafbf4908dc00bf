"""Files that are too big for the database: in a folder, or in object storage; and links to them that expire."""
