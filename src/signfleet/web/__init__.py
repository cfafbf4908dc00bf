"""HTTP and the contract's manners: endpoints, errors, paging, conditional requests, patches, documentation.

Knows the session of a call and its scopes, but no permission and no entity."""
