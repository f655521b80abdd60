"""Chaos: the whole line on a real Kafka while its processes and brokers are killed, and a judge of what came of it."""
