#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 200

/* ---- Memory ---- */

static struct block {
    struct block *next;
} *blocks;

void *arena_new(size_t size) {
    struct block *block = calloc(1, sizeof *block + size);
    if (!block) {
        fprintf(stderr, "no memory\n");
        exit(3);
    }
    block->next = blocks;
    blocks = block;
    return block + 1;
}

void arena_free(void) {
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

char *arena_format(const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    int length = vsnprintf(NULL, 0, pattern, arguments);
    va_end(arguments);
    char *text = arena_new((size_t)length + 1);
    va_start(arguments, pattern);
    vsnprintf(text, (size_t)length + 1, pattern, arguments);
    va_end(arguments);
    return text;
}

static json *value_of(json_kind kind) {
    json *value = arena_new(sizeof *value);
    value->kind = kind;
    return value;
}

json *json_string(const char *text) {
    json *value = value_of(text ? JSON_STRING : JSON_NULL);
    value->text = text;
    value->length = text ? strlen(text) : 0;
    return value;
}

json *json_number(double number) {
    json *value = value_of(JSON_NUMBER);
    value->number = number;
    return value;
}

json *json_boolean(bool boolean) {
    json *value = value_of(JSON_BOOL);
    value->boolean = boolean;
    return value;
}

/* ---- Reading ---- */

typedef struct reader {
    const char *at;
    const char *why;
    int depth;
    bool once; /* No member twice. */
} reader;

static json *read_value(reader *in);

static void *flaw(reader *in, const char *why) {
    if (!in->why) in->why = arena_format("%s at \"%.20s\"", why, in->at);
    return NULL;
}

static void skip_blanks(reader *in) {
    in->at += strspn(in->at, " \t\r\n");
}

static bool read_sign(reader *in, char sign) {
    skip_blanks(in);
    if (*in->at != sign) return false;
    in->at++;
    return true;
}

/* The four digits of a \u, or -1. */
static long read_hex(reader *in) {
    char digits[5] = "";
    strncpy(digits, in->at, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4) return -1;
    in->at += 4;
    return strtol(digits, NULL, 16);
}

static char *put_utf8(char *out, long code) {
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    static const unsigned char marks[] = {0, 0xc0, 0xe0, 0xf0};
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *out++ = (char)(marks[more] | code >> 6 * more);
    while (more-- > 0) *out++ = (char)(0x80 | (code >> 6 * more & 0x3f));
    return out;
}

static char *read_escape(reader *in, char *out) {
    static const char signs[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char sign = *in->at;
    const char *simple = sign ? strchr(signs, sign) : NULL;
    if (sign) in->at++;
    if (simple) {
        *out++ = meanings[simple - signs];
        return out;
    }
    long code = sign == 'u' ? read_hex(in) : -1;
    if (code >= 0xd800 && code < 0xdc00) {
        if (strncmp(in->at, "\\u", 2) != 0) return flaw(in, "half a surrogate pair");
        in->at += 2;
        long low = read_hex(in);
        if (low < 0xdc00 || low > 0xdfff) return flaw(in, "half a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return code < 0 ? flaw(in, "a bad escape") : put_utf8(out, code);
}

static json *read_string(reader *in) {
    if (!read_sign(in, '"')) return flaw(in, "no string");
    json *value = value_of(JSON_STRING);
    /* Unescaped it is no longer than what is written. */
    const char *end = in->at;
    while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
    char *out = arena_new((size_t)(end - in->at) + 1);
    value->text = out;
    while (*in->at != '"') {
        unsigned char c = (unsigned char)*in->at;
        if (c < 0x20) return flaw(in, "a string that does not end");
        in->at++;
        if (c != '\\') *out++ = (char)c;
        else if (!(out = read_escape(in, out))) return NULL;
    }
    in->at++;
    value->length = (size_t)(out - value->text);
    return value;
}

/* Members are gathered in an array that doubles. */
static void append(json *list, const char *name, json *item) {
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? 2 * list->count : 1;
        json **items = arena_new(room * sizeof *items);
        const char **names = arena_new(room * sizeof *names);
        if (list->count) {
            memcpy(items, list->items, list->count * sizeof *items);
            memcpy(names, list->names, list->count * sizeof *names);
        }
        list->items = items;
        list->names = names;
    }
    list->names[list->count] = name;
    list->items[list->count++] = item;
}

static json *read_list(reader *in, bool object) {
    char end = object ? '}' : ']';
    json *list = value_of(object ? JSON_OBJECT : JSON_ARRAY);
    in->at++;
    if (read_sign(in, end)) return list;
    do {
        const char *name = NULL;
        if (object) {
            json *key = read_string(in);
            if (!key) return NULL;
            if (strlen(key->text) != key->length) return flaw(in, "a name with a NUL inside");
            if (in->once && json_member(list, key->text)) return flaw(in, "a member twice");
            if (!read_sign(in, ':')) return flaw(in, "no colon");
            name = key->text;
        }
        json *item = read_value(in);
        if (!item) return NULL;
        append(list, name, item);
    } while (read_sign(in, ','));
    return read_sign(in, end) ? list : flaw(in, "no end of a list or object");
}

static json *read_word(reader *in) {
    static const char *const words[] = {"null", "true", "false"};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if (strncmp(in->at, words[i], length) != 0) continue;
        in->at += length;
        return i == 0 ? value_of(JSON_NULL) : json_boolean(i == 1);
    }
    char *end;
    if (!*in->at || !strchr("-0123456789", *in->at)) return flaw(in, "no value");
    double number = strtod(in->at, &end);
    /* strtod also reads hexadecimal and names. */
    if (end == in->at || end > in->at + strspn(in->at, "+-0123456789.eE")) return flaw(in, "no number");
    in->at = end;
    return json_number(number);
}

static json *read_value(reader *in) {
    skip_blanks(in);
    const char *start = in->at;
    if (++in->depth > DEEPEST) return flaw(in, "too deep");
    json *value = *start == '{'   ? read_list(in, true)
                  : *start == '[' ? read_list(in, false)
                  : *start == '"' ? read_string(in)
                                  : read_word(in);
    in->depth--;
    if (value) {
        value->raw = start;
        value->raw_length = (size_t)(in->at - start);
    }
    return value;
}

static json *parse(const char *text, bool once, const char **why) {
    reader in = {text, NULL, 0, once};
    json *value = read_value(&in);
    skip_blanks(&in);
    if (value && *in.at) value = flaw(&in, "more after the end");
    *why = in.why;
    return value;
}

json *json_parse(const char *text, const char **why) {
    return parse(text, true, why);
}

json *json_parse_any(const char *text, const char **why) {
    return parse(text, false, why);
}

/* ---- Looking up, comparing, showing ---- */

json *json_member(const json *object, const char *name) {
    for (size_t i = 0; object && object->kind == JSON_OBJECT && i < object->count; i++) {
        if (strcmp(object->names[i], name) == 0) return object->items[i];
    }
    return NULL;
}

/* One step of a pointer, with ~1 and ~0 undone. */
static json *step(json *value, const char *token, size_t length) {
    char *name = arena_new(length + 1), *out = name, *end;
    for (size_t i = 0; i < length; i++) {
        bool escaped = token[i] == '~' && i + 1 < length;
        *out++ = !escaped ? token[i] : token[++i] == '1' ? '/' : '~';
    }
    if (value->kind != JSON_ARRAY) return json_member(value, name);
    unsigned long index = strtoul(name, &end, 10);
    return *name && !*end && index < value->count ? value->items[index] : NULL;
}

json *json_at(json *document, const char *pointer) {
    while (document && *pointer == '/') {
        size_t length = strcspn(++pointer, "/");
        document = step(document, pointer, length);
        pointer += length;
    }
    return *pointer ? NULL : document;
}

bool json_equal(const json *a, const json *b) {
    if (!a || !b || a->kind != b->kind || a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const json *other = a->kind == JSON_ARRAY ? b->items[i] : json_member(b, a->names[i]);
        if (!json_equal(a->items[i], other)) return false;
    }
    return a->boolean == b->boolean && a->number == b->number && a->length == b->length &&
           (a->length == 0 || memcmp(a->text, b->text, a->length) == 0);
}

const char *json_show(const json *value) {
    if (!value) return "nothing";
    if (value->raw) return arena_format("%.*s", (int)value->raw_length, value->raw);
    switch (value->kind) {
    case JSON_STRING: return arena_format("\"%s\"", value->text);
    case JSON_NUMBER: return arena_format("%.17g", value->number);
    case JSON_BOOL: return value->boolean ? "true" : "false";
    default: return "null";
    }
}
