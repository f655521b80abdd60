"""Tasks by POST to a unit's own system, signed; its answers by POST to us, signed alike."""
