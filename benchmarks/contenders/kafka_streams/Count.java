import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The small job on Kafka Streams: parse JSON, count per household, changelog, 5 % outputs.
 *
 * <p>The Processor API, because each output carries the count as of its own event, and because it is the shortest way
 * through the library (the DSL's aggregate adds a forwarding cache and a second record per event). Jackson's streaming
 * parser: binding to an object, or a tree, took longer.
 *
 * <p>Arguments: guarantee, store, input, output, name, state folder, then settings as key=value. See settings.py.
 */
public final class Count {
    private static final String STORE = "counts";
    private static final JsonFactory JSON = new JsonFactory();

    private Count() {}

    public static void main(String[] arguments) {
        String guarantee = arguments[0];
        boolean memory = arguments[1].equals("memory");
        String input = arguments[2];
        String output = arguments[3];
        Properties settings = new Properties();
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[4]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[5]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("KITHLINE_KAFKA"));
        for (int i = 6; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        Topology topology = new Topology()
            .addSource("events", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), input)
            .addProcessor("count", CountPerHousehold::new, "events")
            .addStateStore(
                Stores.keyValueStoreBuilder(
                        memory ? Stores.inMemoryKeyValueStore(STORE) : Stores.persistentKeyValueStore(STORE),
                        Serdes.String(),
                        Serdes.Long())
                    // one changelog record for each key that changed since the last commit, as in the others
                    .withCachingEnabled()
                    .withLoggingEnabled(Map.of()),
                "count")
            .addSink("counts", output, Serdes.ByteArray().serializer(), Serdes.ByteArray().serializer(), "count");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.setUncaughtExceptionHandler(fault -> {
            fault.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    /** What the job reads of an event. */
    private record Event(String id, String household, long number) {}

    private static Event parse(byte[] json) {
        String id = null;
        String household = null;
        long number = -1;
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                switch (field) {
                    case "id" -> id = parser.getText();
                    case "household_id" -> household = parser.getText();
                    case "number" -> number = parser.getLongValue();
                    default -> parser.skipChildren();
                }
            }
        } catch (IOException fault) {
            throw new UncheckedIOException(fault);
        }
        return new Event(id, household, number);
    }

    private static final class CountPerHousehold implements Processor<byte[], byte[], byte[], byte[]> {
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<String, Long> counts;

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            this.context = context;
            this.counts = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Event event = parse(record.value());
            Long before = counts.get(event.household());
            long count = before == null ? 1 : before + 1;
            counts.put(event.household(), count);
            if (event.number() % 20 == 0) {
                String said = "{\"id\":\"" + event.id() + "\",\"count\":" + count + "}";
                context.forward(record
                    .withKey(event.household().getBytes(StandardCharsets.UTF_8))
                    .withValue(said.getBytes(StandardCharsets.UTF_8)));
            }
        }
    }
}
