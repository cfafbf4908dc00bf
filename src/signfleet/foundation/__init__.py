"""What any server needs: stores, the contract's data types, expressions, files, settings, logs.

It knows nothing of signage, HTTP or people."""
