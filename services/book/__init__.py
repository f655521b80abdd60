"""The unit book: what each unit holds under ids of its own, and what it has answered; a SQL store beside Kafka.

Adapters, the desk and the vault each stand on one. `store` is the database, `inbox` brings Kafka's records into it with
their offsets in the same transaction, `outbox` sends answers to Kafka once; `book` says what is held and takes answers;
`audit` chains what was done by hashes; `naming` gives each unit ids of its own.
"""
