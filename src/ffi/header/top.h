/*
 * libaxonpush: publish, trace and read AI agent events from anything that can call C.
 *
 * GENERATED from src/ffi/ by cbindgen. Do not edit: change the Rust source and run `make header`.
 *
 * CONVENTIONS, stated once here and not repeated below
 *
 * Results. A function that can fail returns an axonpush_status, where 0 is success. Its last
 *   parameter is an axonpush_error **, which may be NULL. On success *error is NULL; on failure it
 *   is a new object that you free with axonpush_error_free(). Out-pointers are set to NULL before
 *   anything else happens. There is no "last error" of a thread.
 * Fail-open. This mode is on by default: when the service cannot be reached, the call logs a
 *   warning and succeeds with a NULL response or an empty list. Every other failure is reported in
 *   both modes, fail-open and strict.
 * NULL is a legal argument for every accessor and every free function. Reading from NULL gives
 *   NULL, 0 or false, so code for the normal case keeps running when a fail-open call gives NULL.
 *   Where 0 would mean something, it gives -1: axonpush_error_retry_after_ms() ("wait 0 ms") and
 *   axonpush_completion_fd() (a descriptor).
 * Handles. An axonpush_client * is a handle (a slot and a generation), never an address. A closed
 *   or made-up handle is AXONPUSH_ERR_INVALID_HANDLE, never a crash. The other objects are pointers
 *   that you own. Free each of them once, with the free function of its type.
 * Threads. Every function may be called from any thread, and many threads may use one client at
 *   once. Exceptions are stated at the type that they concern.
 * Strings are UTF-8 and NUL-terminated. The library borrows the strings that you pass for the
 *   length of the call and copies those that it keeps. A string that you get belongs to the object
 *   it came from and lives until that object is freed.
 * JSON is passed as a pointer and a length; length 0 means that it is NUL-terminated.
 * Structs that you pass begin with struct_size. Initialise them with AXONPUSH_..._INIT. Zero or
 *   NULL in any other member means the default of that member.
 * Units. Time is in milliseconds, memory in bytes, text length in Unicode characters.
 * The library never lets a panic or an exception out, installs a signal handler, writes to stdout,
 *   lets a call outlive its deadline, or puts the API key into a message or a log line.
 *
 * A rule that comes from a specification names it: RFC 6901 (JSON pointers), RFC 3339 (times),
 * RFC 8259 (JSON), W3C Trace Context (trace and span ids).
 */
