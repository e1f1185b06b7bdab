"""alerts: tells people about incidents. Knows nothing of feeds."""
