"""Units outside Kithline, as the demo plays them: each has a system of its own, and Kithline reaches it as it would in
a city: by webhook, by FHIR, or at the desk. What they do follows from the task alone, as with simulated units."""
