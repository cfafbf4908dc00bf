"""Networks: the tenants, with their settings and subscription."""
