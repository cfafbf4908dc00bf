"""`/console/sign-in`: the form to sign in, and the way out."""
