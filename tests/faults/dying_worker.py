"""A worker of the engine whose transactions are never committed: `python -m tests.faults.dying_worker TAG counting`."""

import asyncio
import sys

from aiokafka import AIOKafkaProducer

from services.runtime.app import create_app, run_apps
from tests.integration.engine_worker import PROCESSORS


async def _never(_: AIOKafkaProducer) -> None:
    await asyncio.Event().wait()


if __name__ == "__main__":
    tag, kind = sys.argv[1:]
    # Everything has been sent and acknowledged, offsets too, when the engine asks for this.
    AIOKafkaProducer.commit_transaction = _never
    run_apps(lambda: create_app("correlator", [PROCESSORS[kind](tag)]))
