/*
 * libaxonpush: publish, trace and read AI agent events from anything that can call C.
 *
 * GENERATED from src/ffi/ by cbindgen. Do not edit: change the Rust source and run `make header`.
 *
 * CONVENTIONS, said once here and not repeated below
 *
 * Results. A function that can fail returns an axonpush_status, 0 being success, and takes an
 *   axonpush_error ** last. It may be NULL. On success *error is NULL, on failure it is a new object
 *   that you free with axonpush_error_free(). Out-pointers are set to NULL before anything else.
 *   There is no "last error" of a thread.
 * Fail-open. On by default: when the service cannot be reached, the call logs a warning and succeeds
 *   with nothing (a NULL response) or an empty list. Every other failure is reported in both modes.
 * NULL is a legal argument for every accessor and every free function: reading from NULL gives NULL,
 *   0 or false. Code for the happy path keeps running when a fail-open call gives nothing.
 * Handles. axonpush_client is a slot and a generation, never an address: a closed or made-up one is AXONPUSH_ERR_INVALID_HANDLE, never
 *   a crash. The other objects are pointers that you own, and free once, with the function of their
 *   name.
 * Threads. Every function may be called from any thread, on one client from many at once. Exceptions
 *   are said at their type.
 * Strings are UTF-8 and NUL-terminated. What you pass is borrowed for the call and copied where it is
 *   kept. What you get belongs to the object it came from and lives until that is freed.
 * JSON goes in as pointer and length; length 0 means NUL-terminated.
 * Structs that you pass begin with struct_size. Initialise them with AXONPUSH_..._INIT; zero or NULL
 *   in any other member means its default.
 * Time is in milliseconds, memory in bytes, text length in Unicode characters.
 * Never: a panic or an exception out of the library, a signal handler, output on stdout, a call that
 *   outlives its deadline, the API key in a message or a log line.
 *
 * Where a rule comes from a specification, it is named: RFC 6901 (JSON pointers), RFC 3339 (times),
 * RFC 8259 (JSON), W3C Trace Context (trace and span ids).
 */
