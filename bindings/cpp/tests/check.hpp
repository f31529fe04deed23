// Checks and a list of tests: all that the test programs need of a framework.
#ifndef AXONPUSH_CPP_TESTS_CHECK_HPP
#define AXONPUSH_CPP_TESTS_CHECK_HPP

#include <cstdio>
#include <exception>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>

// Ends the test when a condition does not hold.
#define CHECK(condition) \
    do { \
        if (!(condition)) check::fail(__FILE__, __LINE__, #condition, ""); \
    } while (0)

// Ends the test when two values differ, and says what they were.
#define CHECK_EQ(actual, expected) check::equal(__FILE__, __LINE__, #actual, (actual), (expected))

// Ends the test unless the call throws an axonpush::Error, and gives that.
#define CHECK_THROWS(call) \
    check::error_of(__FILE__, __LINE__, #call, [&] { static_cast<void>(call); })

namespace check {

[[noreturn]] inline void fail(const char *file, int line, const std::string &what, const std::string &saw) {
    std::ostringstream text;
    text << file << ":" << line << ": not so: " << what << saw;
    throw std::runtime_error(text.str());
}

template <typename A, typename B>
void equal(const char *file, int line, const char *what, const A &actual, const B &expected) {
    if (actual == expected) return;
    std::ostringstream saw;
    saw << " is " << actual << ", not " << expected;
    fail(file, line, what, saw.str());
}

template <typename Call> axonpush::Error error_of(const char *file, int line, const char *what, Call &&call) {
    try {
        call();
    } catch (const axonpush::Error &error) {
        return error;
    }
    fail(file, line, what, " throws nothing");
}

struct Test {
    const char *name;
    void (*run)();
};

// Runs the tests whose name contains an argument (no argument: all); gives the exit code.
inline int run(std::initializer_list<Test> tests, void (*before_each)(), int argc, char **argv) {
    int passed = 0, failed = 0;
    for (const Test &test : tests) {
        bool chosen = argc < 2;
        for (int i = 1; i < argc; i++) chosen = chosen || std::string(test.name).find(argv[i]) != std::string::npos;
        if (!chosen) continue;
        try {
            before_each();
            test.run();
            passed++;
        } catch (const std::exception &thrown) {
            failed++;
            std::printf("FAILED %s\n    %s\n", test.name, thrown.what());
        }
        std::fflush(stdout);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

} // namespace check

#endif
