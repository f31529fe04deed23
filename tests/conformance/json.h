/*
 * JSON for the tests in C, and for the C++ runner of the table: read, looked up, compared. Deliberately without the
 * library under test.
 *
 * All memory is from arena_new() and lives until arena_free(): as long as one row, or one test.
 */
#ifndef AXONPUSH_CONFORMANCE_JSON_H
#define AXONPUSH_CONFORMANCE_JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kind;

typedef struct json {
    json_kind kind;
    bool boolean;
    double number;
    const char *text; /* Of a string, unescaped; NULs may be inside. */
    size_t length;
    struct json **items; /* Of an array or object. */
    const char **names;  /* Of an object. */
    size_t count;
    const char *raw; /* Where and how it was written; NULL for one that was made here. */
    size_t raw_length;
} json;

/* Zeroed. Ends the program when there is no memory. */
void *arena_new(size_t size);
void arena_free(void);
char *arena_format(const char *pattern, ...);

/* The document; NULL, with the reason in *why, when it is no JSON or an object has a member twice. */
json *json_parse(const char *text, const char **why);
/* The same, but an object may have a member twice, as JSON allows; json_member() gives the first. */
json *json_parse_any(const char *text, const char **why);
json *json_string(const char *text); /* NULL gives null. */
json *json_number(double number);
json *json_boolean(bool boolean);

/* A member of an object; NULL if there is none, or no object. */
json *json_member(const json *object, const char *name);
/* What an RFC 6901 pointer names; NULL if there is nothing. */
json *json_at(json *document, const char *pointer);
/* The order of members does not count; a NULL equals nothing. */
bool json_equal(const json *a, const json *b);
/* For messages. */
const char *json_show(const json *value);

#endif
