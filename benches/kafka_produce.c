/* What rd_kafka_produce costs its caller: the event producer that C programs know, copying a 256-byte payload and
 * queueing it for background threads. The built-in mock cluster really takes delivery, over loopback, and the program
 * fails unless every message arrived. Delivery reports are for errors only, as libaxonpush is called without a
 * completion. */
#include "calls.h"
#include "event.h"

#include <librdkafka/rdkafka.h>

struct producer {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
};

static long failed;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    (void)client, (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) failed++;
}

static void produce(void *context)
{
    struct producer *p = context;
    if (rd_kafka_produce(p->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)event_payload,
                         PAYLOAD_LENGTH, NULL, 0, NULL) != 0)
        die("rd_kafka_produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
}

static void deliver_all(struct producer *p)
{
    rd_kafka_resp_err_t error = rd_kafka_flush(p->client, 30000);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) die("rd_kafka_flush: %s", rd_kafka_err2str(error));
    if (rd_kafka_outq_len(p->client) != 0 || failed > 0)
        die("%d messages left, %ld failed", rd_kafka_outq_len(p->client), failed);
}

static struct producer new_producer(void)
{
    static const char *const settings[][2] = {
        { "test.mock.num.brokers", "1" },
        { "queue.buffering.max.messages", "2000000" },
        { "queue.buffering.max.kbytes", "2000000" },
        { "delivery.report.only.error", "true" },
        { "log_level", "4" }, /* no notice that the mock cluster is on */
    };
    char reason[512];
    struct producer p;
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (rd_kafka_conf_set(configuration, settings[i][0], settings[i][1], reason, sizeof reason) != RD_KAFKA_CONF_OK)
            die("%s", reason);
    rd_kafka_conf_set_dr_msg_cb(configuration, on_delivery);
    p.client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, reason, sizeof reason);
    if (p.client == NULL) die("%s", reason);
    p.topic = rd_kafka_topic_new(p.client, "bench", NULL);
    if (p.topic == NULL) die("no topic: %s", rd_kafka_err2str(rd_kafka_last_error()));
    return p;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts(rd_kafka_version_str()) < 0;
    check_options(argc, argv, "--mode --count --gap-us");
    int tight = strcmp(choice_option(argc, argv, "--mode", "tight", "tight", "paced"), "tight") == 0;
    long count = number_option(argc, argv, "--count", 50000, 1, 1000000);
    long gap_us = number_option(argc, argv, "--gap-us", 50, 1, 1000000);
    set_deadline(120);
    uint32_t *samples = new_samples((size_t)count);
    struct producer p = new_producer();

    /* Connected, topic known, threads up. */
    for (int i = 0; i < 1000; i++) produce(&p);
    deliver_all(&p);

    uint32_t cost = timing_cost();
    double loop_mean = 0;
    if (tight) {
        loop_mean = mean_of_loop(produce, &p, count);
        deliver_all(&p);
    }
    time_calls(produce, &p, count, tight ? 0 : (uint64_t)gap_us * 1000u, samples);
    deliver_all(&p);

    printf("{\"program\":\"kafka_produce\",\"mode\":\"%s\",", tight ? "tight" : "paced");
    if (tight) printf("\"loop_mean_ns\":%.1f,", loop_mean);
    print_calls(samples, count, cost);
    printf("}\n");
    rd_kafka_topic_destroy(p.topic);
    rd_kafka_destroy(p.client);
    return 0;
}
