"""Work in steps that clients see, cancel, and that another process resumes."""
