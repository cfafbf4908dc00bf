"""What any server needs: stores, the wire's types, expressions, files, settings, logs.

Knows nothing of signage, HTTP or people."""
