// Without exceptions only the twins are of use; there is nothing here that throws.
#include "other_unit.hpp"

#include <axonpush.hpp>

bool other_unit_publishes(const std::string &server_url) {
    axonpush::Options options;
    options.api_key = "ak_test";
    options.base_url = server_url;
    axonpush::Result<axonpush::Client> client = axonpush::Client::try_new(options);
    if (!client) return false;
    axonpush::Event event;
    event.identifier = "from another unit";
    event.payload = "{}";
    const auto published = client->try_publish(event);
    bool delivered = false;
    const auto accepted = client->try_publish_async(event, [&](const axonpush::Outcome &outcome) {
        delivered = outcome.has_value();
    });
    return published && accepted && client->try_flush(std::chrono::seconds(20)) && delivered;
}
