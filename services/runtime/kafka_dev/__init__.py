"""A real Apache Kafka for development, without Docker: fetched once, up in seconds, gone without a trace."""

from services.runtime.kafka_dev.cluster import EXTERNAL, Broker, broker, external_kafka, start_broker
from services.runtime.kafka_dev.jars import kafka_version

__all__ = ["EXTERNAL", "Broker", "broker", "external_kafka", "kafka_version", "start_broker"]
