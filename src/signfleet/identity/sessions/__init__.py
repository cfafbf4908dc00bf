"""`/admin/v1/sessions`: where a person is signed in."""
