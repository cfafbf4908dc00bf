"""Numbers that players measure, such as a temperature: the last ones, and their history in minutes and quarters."""
