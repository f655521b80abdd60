"""Whatever of Kafka Streams is not the default, and why."""

__all__ = ["JAVA_OPTIONS", "STREAMS"]

JAVA_OPTIONS = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)

STREAMS = {
    "num.stream.threads": 1,
    "commit.interval.ms": 500,
}
