"""The contract's own types, which services share with routes: pages, preconditions, patches. They know no HTTP."""
