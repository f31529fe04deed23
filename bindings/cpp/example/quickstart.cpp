// Publishes events and reads them back. Usage: quickstart [base URL]
#include <axonpush.hpp>

#include <iostream>

int main(int argc, char **argv) try {
    axonpush::Options options; // The AXONPUSH_... variables supply the rest.
    options.fail_open = false; // Make an unreachable service an error.
    if (argc > 1) options.base_url = argv[1];
    axonpush::Client client(options);

    axonpush::Json payload;
    payload.add("greeting", "hello from C++").add("answer", 42);
    axonpush::Event event;
    event.identifier = "hello";
    event.channel_id = "quickstart";
    event.payload = payload.text();

    // Publish now, and wait for the response.
    if (const std::optional<axonpush::Response> response = client.publish(event)) {
        std::cout << "published " << response->get_string("/eventId").value_or("?") << '\n';
    }

    // Publish in the background: this returns at once, and the lambda runs on a thread of the library.
    client.publish_async(event, [](const axonpush::Outcome &outcome) {
        if (!outcome) std::cerr << outcome.error().what() << '\n';
    });
    client.flush(std::chrono::seconds(5));

    const axonpush::Response listed = client.list("quickstart");
    for (const axonpush::View event : listed.events()) {
        std::cout << event.get_string("/eventId").value_or("?") << " says "
                  << event.get_string("/payload/greeting").value_or("nothing") << '\n';
    }
} catch (const axonpush::Error &error) {
    std::cerr << axonpush::status_name(error.status()) << ": " << error.what() << '\n';
    return 1;
}
