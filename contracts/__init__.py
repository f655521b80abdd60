"""What crosses a topic: envelopes, events, facts, flags and tasks. Depends on pydantic only."""
