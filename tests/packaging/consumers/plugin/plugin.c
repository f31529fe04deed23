/* A shared library of somebody's, with the static library inside. */
#include <axonpush.h>

const char *plugin_version(void);
const char *plugin_version(void) { return axonpush_version(); }
