"""pipelines: turns pages into incidents. Knows nothing of networks or recipients."""
