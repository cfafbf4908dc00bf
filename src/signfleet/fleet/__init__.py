"""Players and what is done with them: devices, their health, groups, tags, subscriptions, provisioning.

Serves the contract's device families and the player protocol. Who may do it is decided in `identity`."""
