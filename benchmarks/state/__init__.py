"""What a task's state costs: memory at rest, the way back from the changelog, and work over many households."""
