/* Two static Rust libraries in one program. */
#include <axonpush.h>
#include <stdio.h>

bool other_survives_a_panic(void);

int main(void) {
    /* A panic in one of them stays there, whichever was first. */
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = "ak_x";
    axonpush_client *client = axonpush_new(&options, NULL);
    const bool survived = other_survives_a_panic() && other_survives_a_panic();
    axonpush_close(client);
    printf("%s %d\n", client ? axonpush_version() : "no client", survived);
    return client && survived ? 0 : 1;
}
