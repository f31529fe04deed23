// What background publishing costs per call in C++, beside plain C in the same process: the same event, the
// same queue settings, in turns. Prints the medians of the rounds.
#include <axonpush.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int rounds = 9;
constexpr int calls = 5000;

const std::string payload =
    R"({"step":17,"model":"gpt-4o-mini","latency_ms":1834.25,"cached":false,"usage":{"tokens_in":812,)"
    R"("tokens_out":164},"tags":["bench","worker-3"],"note":"Reserved 3 of 4 lines; line 2 waits for the )"
    R"(warehouse in Rotterdam to confirm its stock until nine o'clock"})";

axonpush::Options options() {
    axonpush::Options options;
    options.queue_max_events = 1000000;
    options.shutdown_timeout_ms = 1; // what is not delivered by then is no concern of this program
    return options;
}

template <typename Publish> double nanoseconds_per_call(Publish publish) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; i++) publish();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / calls;
}

double in_c() {
    axonpush::Client client(options());
    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "tool.call";
    event.payload = payload.data();
    event.payload_len = payload.size();
    event.channel_id = "bench";
    return nanoseconds_per_call([&] { axonpush_events_publish_async(client.get(), &event, nullptr, nullptr, nullptr); });
}

double in_cpp() {
    axonpush::Client client(options());
    axonpush::Event event;
    event.identifier = "tool.call";
    event.payload = payload;
    event.channel_id = "bench";
    return nanoseconds_per_call([&] { client.publish_async(event); });
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

} // namespace

int main() {
    axonpush_log_set(AXONPUSH_LOG_OFF, nullptr, nullptr);
    std::vector<double> c, cpp, ratio;
    for (int i = 0; i < rounds; i++) {
        c.push_back(in_c());
        cpp.push_back(in_cpp());
        ratio.push_back(cpp.back() / c.back());
    }
    std::printf("publish_async, mean of %d calls, median of %d rounds: C %.0f ns, C++ %.0f ns, ratio %.2f (aim 1.1)\n",
                calls, rounds, median(c), median(cpp), median(ratio));
}
