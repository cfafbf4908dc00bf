"""/Self: what a person sees and changes of their own account, networks and session."""
