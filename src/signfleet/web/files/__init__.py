"""`/files`: stored files, by signed links."""
