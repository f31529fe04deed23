// Publishes an event and lists it. Configured by the environment.
#include <axonpush.hpp>

#include <iostream>

int main() try {
    axonpush::Options options;
    options.fail_open = false;
    axonpush::Client client(options);
    axonpush::Event event;
    event.identifier = "consumer";
    event.channel_id = "packaging";
    event.payload = R"({"n":42})";
    client.publish_future(event).get().value();
    const axonpush::Response listed = client.list("packaging");
    std::cout << "listed " << listed.events().size() << ", n = " << listed.events()[0].get_int("/payload/n").value_or(0)
              << ", library " << axonpush::version() << std::endl;
} catch (const axonpush::Error &error) {
    std::cout << axonpush::status_name(error.status()) << ": " << error.what() << std::endl;
    return 1;
}
