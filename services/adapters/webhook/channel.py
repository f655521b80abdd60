"""The channel `webhook`."""

from services.adapters.channel import Channel, Ground
from services.adapters.webhook.door import Door
from services.adapters.webhook.schedule import Schedule
from services.adapters.webhook.sending import Endpoint, Sending
from services.adapters.webhook.signing import Signer, secret_of
from services.runtime.now import now_ms

__all__ = ["webhook"]


def webhook(ground: Ground) -> Channel:
    """Its routes and its sender. Raises Problem for a secret that is missing or none."""
    endpoints = {}
    for unit in ground.units:
        connection = ground.connections[unit.id].webhook
        assert connection is not None
        signers = [Signer(key.id, secret_of(key.secret(), key.id)) for key in connection.keys]
        endpoints[unit.id] = Endpoint(unit.id, connection, signers)
    door = Door(ground.book, endpoints, lambda: now_ms() // 1000)
    schedule = Schedule(ground.book, now_ms)
    sending = Sending(ground.book, endpoints, schedule, now_ms, ground.adapters.pause_seconds)
    return Channel(door.routes(), [sending])
