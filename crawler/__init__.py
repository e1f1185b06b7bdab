"""crawler: brings news in, and is the program that wires pipelines and alerts to it."""
