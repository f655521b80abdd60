"""Whatever of Kafka Streams is not the default, and why.

From Kafka's documentation: "Configuring a Streams Application" (processing.guarantee, commit.interval.ms), "Memory
Management" (record caches), "Producer Configs" (batch.size), "Java Version" (the newest long-term release performs
best; so the newest Java that is found here runs it, with the collector that it chooses itself).

Tried and left alone, because it made no difference or things worse: linger.ms 20 (Streams' own default is 100),
max.poll.records 5,000 and 10,000, buffered.records.per.partition 10,000, max.partition.fetch.bytes 4 MiB, the serial
and the parallel collector. The record cache of 10 MiB holds all of the job's households.
"""

__all__ = ["JAVA_OPTIONS", "STREAMS"]

JAVA_OPTIONS = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)

STREAMS = {
    # One worker is compared with one worker.
    "num.stream.threads": 1,
    # The default is 100 ms for exactly once, and that is a third slower; it is 30 s for at least once, and then the
    # race would be over before the first commit. With a second a household is written to the changelog once in a
    # hundred thousand events or more, which is less often than ours.
    "commit.interval.ms": 1_000,
    # 16 KiB by default: a third faster. The same as ours.
    "producer.batch.size": 1024 * 1024,
    # With at least once Streams' producer would have what Kafka's has by default: the same, but said.
    "producer.acks": "all",
}
