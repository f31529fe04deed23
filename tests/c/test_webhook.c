/* Webhook signatures, held to the RFC, to openssl, and to deliveries that a server signed. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SIGNATURE 65

/* The signature; "(refused)" where there is none. */
static const char *sign(const char *secret, const void *body, size_t length) {
    char *out = scratch(SIGNATURE);
    return axonpush_webhook_sign(secret, body, length, out) ? out : "(refused)";
}

static bool rfc_4231_vectors(void) {
    static const char long_data[] = "This is a test using a larger than block-size key and a larger than block-size "
                                    "data. The key needs to be hashed before being used by the HMAC algorithm.";
    const char *counting = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19";
    const struct {
        const char *key, *data, *digest;
    } vectors[] = {
        {repeated("\x0b", 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated("\xaa", 20), repeated("\xdd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {counting, repeated("\xcd", 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        /* The fifth gives the first half only. */
        {repeated("\x0c", 20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b"},
        {repeated("\xaa", 131), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {repeated("\xaa", 131), long_data, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t length = strlen(vectors[i].data);
        const char *signature = sign(vectors[i].key, vectors[i].data, length);
        CHECK_INT(strlen(signature), 64);
        CHECK_TEXT(format("%.*s", (int)strlen(vectors[i].digest), signature), vectors[i].digest);
        CHECK_INT(axonpush_webhook_verify(vectors[i].key, vectors[i].data, length, vectors[i].digest),
                  strlen(vectors[i].digest) == 64);
    }
    return true;
}

/* Numbers that are the same in every run. */
static unsigned random_number(void) {
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static const char *hex_of(const char *text) {
    char *hex = scratch(2 * strlen(text) + 1);
    for (size_t i = 0; text[i]; i++) sprintf(hex + 2 * i, "%02x", (unsigned char)text[i]);
    return hex;
}

/* What `openssl dgst` makes of it. */
static const char *by_openssl(const char *secret, const void *body, size_t length) {
    const char *path = format("%s/body", getenv("AXONPUSH_TEST_FOLDER"));
    FILE *file = fopen(path, "w");
    if (!file || fwrite(body, 1, length, file) != length || fclose(file) != 0) return "(no file)";
    /* -hmac takes the secret as text, which a shell would have to quote; this takes any bytes. */
    FILE *openssl = popen(format("openssl dgst -sha256 -mac HMAC -macopt hexkey:%s -r '%s'", hex_of(secret), path), "r");
    char *line = scratch(256);
    if (!openssl || !fgets(line, 256, openssl) || pclose(openssl) != 0) return "(no openssl)";
    line[strcspn(line, " \n")] = 0;
    return line;
}

static bool signatures_are_openssls(void) {
    static const size_t lengths[] = {0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 127, 128, 1000, 65536, 300001};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        unsigned char *body = scratch(lengths[i] + 1);
        char *secret = scratch(200);
        size_t zeros = 0, key = 1 + random_number() % 180;
        for (size_t b = 0; b < lengths[i]; b++) {
            body[b] = (unsigned char)random_number();
            zeros += body[b] == 0;
        }
        /* Any bytes but NUL. */
        for (size_t b = 0; b < key; b++) secret[b] = (char)(1 + random_number() % 255);
        CHECK(zeros > 0 || lengths[i] < 10000);
        const char *expected = by_openssl(secret, body, lengths[i]);
        CHECK_TEXT(sign(secret, body, lengths[i]), expected);
        CHECK(axonpush_webhook_verify(secret, body, lengths[i], expected));
    }
    /* And as a person would do it. */
    FILE *openssl = popen("printf '{\"n\":1}' | openssl dgst -sha256 -hmac whsec_1 | sed 's/.*= //'", "r");
    char line[80] = "";
    CHECK(openssl && fgets(line, sizeof line, openssl));
    CHECK_INT(pclose(openssl), 0);
    line[strcspn(line, "\n")] = 0;
    CHECK(axonpush_webhook_verify("whsec_1", "{\"n\":1}", 7, line));
    return true;
}

static bool only_the_exact_signature_verifies(void) {
    const char *secret = "whsec_0123", *body = "{\"eventId\":\"e\"}";
    size_t length = strlen(body);
    const char *good = sign(secret, body, length);
    CHECK(axonpush_webhook_verify(secret, body, length, good));
    for (int i = 0; i < 64; i++) {
        char *bad = format("%s", good);
        bad[i] = bad[i] == '0' ? '1' : '0';
        CHECK(!axonpush_webhook_verify(secret, body, length, bad));
        bad[i] = 'g';
        CHECK(!axonpush_webhook_verify(secret, body, length, bad));
        bad[i] = 0;
        CHECK(!axonpush_webhook_verify(secret, body, length, bad));
        if (good[i] >= 'a') {
            bad = format("%s", good);
            bad[i] = (char)(good[i] - 'a' + 'A');
            CHECK(!axonpush_webhook_verify(secret, body, length, bad));
        }
    }
    const char *const bad[] = {"", " ", format("%s ", good), format(" %s", good), format("%s\n", good),
                               format("%s0", good), format("sha256=%s", good), format("%s%s", good, good),
                               good + 1, "\xFF", NULL, repeated("0", 64), repeated("\xC3\xA9", 32)};
    for (size_t i = 0; i < COUNT(bad); i++) CHECK(!axonpush_webhook_verify(secret, body, length, bad[i]));
    return true;
}

static bool every_byte_of_body_and_secret_counts(void) {
    char secret[] = "whsec_0123", body[] = "{\"n\":1}\0\0tail";
    size_t length = sizeof body - 1;
    const char *good = sign(secret, body, length);
    for (size_t i = 0; i < length; i++) {
        body[i] ^= 1;
        CHECK(!axonpush_webhook_verify(secret, body, length, good));
        body[i] ^= 1;
        CHECK(!axonpush_webhook_verify(secret, body, i, good));
    }
    for (size_t i = 0; secret[i]; i++) {
        secret[i] ^= 1;
        CHECK(!axonpush_webhook_verify(secret, body, length, good));
        secret[i] ^= 1;
    }
    CHECK(!axonpush_webhook_verify("whsec_0123\n", body, length, good));
    CHECK(axonpush_webhook_verify(secret, body, length, good));
    return true;
}

static bool nothing_is_verified_without_a_secret(void) {
    /* What anybody could sign with. */
    const char *of_empty_secret = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    CHECK(!axonpush_webhook_verify("", "", 0, of_empty_secret));
    CHECK(!axonpush_webhook_verify(NULL, "", 0, of_empty_secret));
    CHECK(!axonpush_webhook_verify(NULL, NULL, 0, NULL));
    /* A length without a body. */
    CHECK(!axonpush_webhook_verify("s", NULL, 5, sign("s", "", 0)));
    CHECK(!axonpush_webhook_verify("s", "x", SIZE_MAX, sign("s", "x", 1)));
    /* An empty body is one. */
    CHECK(axonpush_webhook_verify("s", NULL, 0, sign("s", "", 0)));
    CHECK(axonpush_webhook_verify("s", "", 0, sign("s", NULL, 0)));
    return true;
}

static bool sign_writes_65_bytes_or_none(void) {
    char out[80];
    memset(out, '#', sizeof out);
    CHECK(!axonpush_webhook_sign(NULL, "b", 1, out));
    CHECK(!axonpush_webhook_sign("", "b", 1, out));
    CHECK(!axonpush_webhook_sign("s", NULL, 1, out));
    CHECK(!axonpush_webhook_sign("s", "b", 1, NULL));
    for (size_t i = 0; i < sizeof out; i++) CHECK(out[i] == '#');
    CHECK(axonpush_webhook_sign("s", "b", 1, out));
    CHECK_INT(out[64], 0);
    CHECK_INT(strspn(out, "0123456789abcdef"), 64);
    for (size_t i = 65; i < sizeof out; i++) CHECK(out[i] == '#');
    return true;
}

/* ---- A delivery, from end to end ---- */

/* Receives one request, whole, and responds with 200. */
struct receiver {
    int listener;
    char url[64];
    char *body, *signature;
    size_t length;
};

static void *receive(void *data) {
    struct receiver *receiver = data;
    int fd = accept(receiver->listener, NULL, NULL);
    char *text = malloc(1 << 20), *end = NULL;
    size_t used = 0, length = 0;
    while (fd >= 0 && text && used + 1 < 1 << 20) {
        ssize_t n = recv(fd, text + used, (1 << 20) - used - 1, 0);
        if (n <= 0) break;
        used += (size_t)n;
        text[used] = 0;
        if (!end && (end = strstr(text, "\r\n\r\n"))) {
            end += 4;
            for (char *line = text; line < end - 2; line = strstr(line, "\r\n") + 2) {
                if (strncasecmp(line, "content-length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
                if (strncasecmp(line, "x-axonpush-signature:", 21) == 0) {
                    char *value = line + 21 + strspn(line + 21, " ");
                    receiver->signature = strndup(value, strcspn(value, "\r"));
                }
            }
        }
        if (end && used - (size_t)(end - text) >= length) {
            receiver->body = malloc(length + 1);
            if (!receiver->body) break;
            memcpy(receiver->body, end, length);
            receiver->body[length] = 0;
            receiver->length = length;
            static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            send(fd, response, sizeof response - 1, MSG_NOSIGNAL);
            break;
        }
    }
    free(text);
    if (fd >= 0) close(fd);
    return NULL;
}

static bool a_delivery_that_the_server_signed_verifies(void) {
    struct receiver receiver = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_INT(bind(receiver.listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(receiver.listener, 1), 0);
    CHECK_INT(getsockname(receiver.listener, (struct sockaddr *)&address, &size), 0);
    snprintf(receiver.url, sizeof receiver.url, "http://127.0.0.1:%d/hook?x=1", ntohs(address.sin_port));
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, receive, &receiver), 0);

    axonpush_client *client = test_client();
    axonpush_webhook webhook = AXONPUSH_WEBHOOK_INIT;
    axonpush_response *endpoint = NULL;
    axonpush_error *error = NULL;
    webhook.channel_id = "orders";
    webhook.url = receiver.url;
    webhook.event_types = "agent.end";
    CHECK_STATUS(axonpush_webhooks_create(client, &webhook, &endpoint, &error), error, AXONPUSH_OK);
    axonpush_event event = test_event();
    event.channel_id = "orders";
    /* Not of the type that is wanted. */
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    event.event_type = "agent.end";
    event.payload = "{\"text\":\"\xE2\x82\xAC \\u0000 \\\"\",\"n\":1.50}";
    CHECK_STATUS(axonpush_events_publish(client, &event, NULL, &error), error, AXONPUSH_OK);
    pthread_join(thread, NULL);
    close(receiver.listener);

    const char *secret = axonpush_response_string(endpoint, "/rawSecret");
    CHECK(receiver.body && receiver.signature);
    CHECK_TEXT(json_text(receiver.body, "/eventType"), "agent.end");
    CHECK_TEXT(json_raw(receiver.body, "/payload/n"), "1.50");
    CHECK(axonpush_webhook_verify(secret, receiver.body, receiver.length, receiver.signature));
    CHECK_TEXT(sign(secret, receiver.body, receiver.length), receiver.signature);
    CHECK(!axonpush_webhook_verify("whsec_other", receiver.body, receiver.length, receiver.signature));
    receiver.body[receiver.length / 2] ^= 1;
    CHECK(!axonpush_webhook_verify(secret, receiver.body, receiver.length, receiver.signature));

    /* The service knows that it arrived: it says so a moment later. */
    const char *endpoint_id = axonpush_response_string(endpoint, "/endpointId");
    axonpush_response *deliveries = NULL;
    for (int64_t end = now_ms() + 20000; axonpush_response_count(deliveries, "/data") == 0 && now_ms() < end;) {
        axonpush_response_free(deliveries);
        deliveries = NULL;
        CHECK_STATUS(axonpush_webhooks_deliveries(client, endpoint_id, &deliveries, &error), error, AXONPUSH_OK);
        sleep_ms(5);
    }
    CHECK_INT(axonpush_response_count(deliveries, "/data"), 1);
    axonpush_response_free(deliveries);
    axonpush_response_free(endpoint);
    axonpush_close(client);
    free(receiver.body);
    free(receiver.signature);
    return true;
}

int main(int argc, char **argv) {
    static const test tests[] = {
        TEST(rfc_4231_vectors),
        TEST(signatures_are_openssls),
        TEST(only_the_exact_signature_verifies),
        TEST(every_byte_of_body_and_secret_counts),
        TEST(nothing_is_verified_without_a_secret),
        TEST(sign_writes_65_bytes_or_none),
        TEST(a_delivery_that_the_server_signed_verifies),
    };
    return RUN_TESTS(tests, argc, argv);
}
