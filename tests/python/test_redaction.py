"""Whatever the published Python SDK redacts, the library redacts: a differential test on random documents.

Usage: test_redaction.py SERVER LIBRARY (the paths of axonpush-dev-server and libaxonpush.so); `run` prepares everything.

AXONPUSH_TEST_SEED    where the random documents begin; default 1
AXONPUSH_TEST_SCALE   factor for their number; default 1, which is 3,000

Each document is published by the library to a development server, and what arrived is compared with what the SDK's own
redaction makes of the same document: it has the same shape, and no string reveals more. Our rules are a superset of the
SDK's (docs/wire.md, "Redaction"), so it may reveal less.
"""

import ctypes
import json
import os
import random
import subprocess
import sys
import urllib.request

from axonpush._config import Settings
from axonpush._redaction import redact_telemetry

SERVER, LIBRARY = sys.argv[1:3]
SEED = int(os.environ.get("AXONPUSH_TEST_SEED", "1"))
DOCUMENTS = int(500 * float(os.environ.get("AXONPUSH_TEST_SCALE", "1")))  # for each policy
REDACTED = "[REDACTED]"
MARKS = ("…[TRUNCATED]", "…[REDACTED_PREVIEW]")

POLICIES = [
    {"content_capture_mode": "metadata_only"},
    {"content_capture_mode": "redacted"},
    {"content_capture_mode": "full"},
    {"content_capture_mode": "metadata_only", "redact_keys": ["iban", "Straße", "customer.name"]},
    {"content_capture_mode": "redacted", "redact_keys": ["SSN", "Имя"], "max_content_length": 40},
    {"content_capture_mode": "redacted", "max_content_length": 256},
]

# ---- Random documents ----

WHOLE = ["authorization", "proxy-authorization", "cookie", "set-cookie", "password", "passwd", "secret", "client_secret",
         "prompt", "prompts", "message", "messages", "completion", "completions", "input", "output", "response"]
PAIRS = [("api", "key"), ("access", "token"), ("refresh", "token"), ("private", "key"),
         *[("tool", second) for second in ("argument", "arguments", "result", "output")],
         *[("retrieval", second) for second in ("document", "documents", "content")]]
OTHERS = ["", "id", "n", "user", "model", "content", "role", "tokens", "tool", "retrieval", "key", "secrets", "messages_count",
          "prompt_id", "outputs", "gen_ai.request.model", "naïve", "日本", "iban", "IBAN", "strasse", "STRASSE", "ssn", "имя",
          "Customer.Name", "a b", "\"quoted\"", "back\\slash", "line\nbreak", "~0/1", "😀"]
# A case-insensitive regular expression takes these for the letter; `$` passes over a final newline.
FOLDS = {"s": "ſ", "k": "\u212a", "i": "ı"}


def name(rng):
    kind = rng.random()
    if kind < 0.35:
        text = rng.choice(WHOLE)
    elif kind < 0.6:
        text = rng.choice(["_", "-", ".", "", " ", "__"]).join(rng.choice(PAIRS))
    else:
        return rng.choice(OTHERS)
    text = "".join(rng.choice([c.upper(), c.lower()]) for c in text) if rng.random() < 0.4 else text
    if rng.random() < 0.1:
        text = "".join(FOLDS.get(c, c) if rng.random() < 0.5 else c for c in text)
    if rng.random() < 0.1:
        text = rng.choice([text + "\n", text + "s", "x" + text, "my_" + text, text[:-1], text + "\n\n"])
    return text


def string(rng):
    length = rng.choice([0, 1, 5, 39, 40, 41, 255, 256, 257, 300, 4095, 4096, 4097, 5000])
    return "".join(rng.choices("abc \"\\\n\té日😀", k=length))


def value(rng, depth):
    kind = rng.random()
    if depth < 5 and kind < 0.3:
        return document(rng, depth + 1)
    if depth < 5 and kind < 0.45:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind < 0.8:
        return string(rng)
    return rng.choice([None, True, False, 0, -7, 12345678901234567890, 1.5, 2e-300])


def document(rng, depth=0):
    return {name(rng): value(rng, depth) for _ in range(rng.randrange(1, 5))}


# ---- The comparison ----

class Unlike(Exception):
    pass


def revealed(original, redacted):
    """How many characters of a string are left."""
    if redacted == original:
        return len(original)
    if redacted == REDACTED:
        return 0
    for mark in MARKS:
        if isinstance(redacted, str) and redacted.endswith(mark) and original.startswith(redacted[: -len(mark)]):
            return len(redacted) - len(mark)
    raise Unlike(f"{redacted!r} was not made of {original!r}")


def compare(original, theirs, ours, path=""):
    """Raises Unlike where ours reveals more than theirs; counts what theirs redacts, and what ours does beyond that."""
    if ours == REDACTED and original != REDACTED:
        return (1, 0) if theirs == REDACTED else (0, 1)
    if theirs == REDACTED and original != REDACTED:
        raise Unlike(f"{path}: the SDK redacts it, we send {json.dumps(ours)[:80]}")
    if type(ours) is not type(original):
        raise Unlike(f"{path}: {original!r} became {ours!r}")
    pairs = []
    if isinstance(original, dict):
        if list(ours) != list(original):
            raise Unlike(f"{path}: the members {list(original)} became {list(ours)}")
        pairs = [(f"{path}/{key}", original[key], theirs[key], ours[key]) for key in original]
    elif isinstance(original, list):
        if len(ours) != len(original):
            raise Unlike(f"{path}: {len(original)} items became {len(ours)}")
        pairs = [(f"{path}/{i}", *items) for i, items in enumerate(zip(original, theirs, ours))]
    elif isinstance(original, str):
        them, us = revealed(original, theirs), revealed(original, ours)
        if us > them:
            raise Unlike(f"{path}: the SDK leaves {them} characters of it, we leave {us}")
        return int(them < len(original)), int(us < them)
    elif ours != original:
        raise Unlike(f"{path}: {original!r} became {ours!r}")
    counts = [compare(o, t, u, p) for p, o, t, u in pairs]
    return sum(n for n, _ in counts), sum(n for _, n in counts)


def test_the_comparison_notices(_):
    """A comparison that lets everything pass proves nothing."""
    original = {"password": "p", "deep": [{"prompt": "x" * 300}], "n": 1}
    theirs = redact_telemetry(original, Settings(content_capture_mode="redacted"))
    assert compare(original, theirs, theirs) == (2, 0)
    assert compare(original, theirs, {**theirs, "deep": REDACTED}) == (1, 1)
    for ours in [
        original,
        {**theirs, "password": "p"},
        {**theirs, "deep": original["deep"]},
        {**theirs, "n": 2},
        {**theirs, "deep": []},
        {key: theirs[key] for key in ("password", "deep")},
        {**theirs, "deep": [{"prompt": "y" * 20 + MARKS[1]}]},
    ]:
        try:
            compare(original, theirs, ours)
        except Unlike:
            continue
        raise AssertionError(f"taken for as private as the SDK's: {ours}")


# ---- The library ----

class Event(ctypes.Structure):
    """axonpush_event; the library serves callers that know no more of it than this."""
    _fields_ = [("struct_size", ctypes.c_size_t), ("identifier", ctypes.c_char_p), ("payload", ctypes.c_char_p),
                ("payload_len", ctypes.c_size_t)]


def load():
    library = ctypes.CDLL(LIBRARY)
    library.axonpush_new.restype = ctypes.c_void_p
    library.axonpush_new.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.axonpush_events_publish_async.argtypes = [ctypes.c_void_p, ctypes.POINTER(Event)] + [ctypes.c_void_p] * 3
    library.axonpush_flush.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
    library.axonpush_close.argtypes = [ctypes.c_void_p]
    return library


def environment(url, policy):
    """The policy as the library reads it."""
    os.environ.update({
        "AXONPUSH_API_KEY": "ak_test",
        "AXONPUSH_BASE_URL": url,
        "AXONPUSH_FAIL_OPEN": "false",
        "AXONPUSH_CONTENT_CAPTURE": policy["content_capture_mode"],
        "AXONPUSH_REDACT_KEYS": ",".join(policy.get("redact_keys", [])),
        "AXONPUSH_MAX_CONTENT_LENGTH": str(policy.get("max_content_length", "")),
    })


def published(library, url, documents):
    """The payloads that arrive at the server, in order."""
    client = library.axonpush_new(None, None)
    assert client, "no client; AXONPUSH_LOG=debug says why"
    try:
        for number, text in enumerate(documents):
            event = Event(ctypes.sizeof(Event), str(number).encode(), text, len(text))
            status = library.axonpush_events_publish_async(client, event, None, None, None)
            assert status == 0, f"status {status} for {text[:200]}"
        assert library.axonpush_flush(client, 120_000, None) == 0, "not delivered in time"
    finally:
        library.axonpush_close(client)
    arrived = {}
    for request in control(url, "GET", "requests")["requests"]:
        body = json.loads(request["body"])
        arrived[int(body["identifier"])] = body["payload"]
    assert sorted(arrived) == list(range(len(documents))), f"{len(arrived)} of {len(documents)} arrived"
    return [arrived[number] for number in range(len(documents))]


def control(url, method, path):
    request = urllib.request.Request(f"{url}/_dev/{path}", method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


# ---- The tests ----

def test_random_documents(url):
    library = load()
    for policy in POLICIES:
        rng = random.Random(f"{SEED} {policy}")
        originals = [document(rng) for _ in range(DOCUMENTS)]
        texts = [json.dumps(it, ensure_ascii=rng.random() < 0.5).encode() for it in originals]
        # The SDK reads variables, too, and it must not read the library's.
        for variable in [it for it in os.environ if it.startswith("AXONPUSH_")]:
            del os.environ[variable]
        theirs = [redact_telemetry(it, Settings(**policy)) for it in originals]
        control(url, "POST", "reset")
        environment(url, policy)
        ours = published(library, url, texts)
        by_sdk = more = 0
        for number, documents in enumerate(zip(originals, theirs, ours)):
            try:
                both, beyond = compare(*documents)
            except Unlike as difference:
                raise AssertionError(f"seed {SEED}, {policy}, document {number}: {difference}") from None
            by_sdk, more = by_sdk + both, more + beyond
        print(f"        {policy}: {len(originals)} documents, {by_sdk} values redacted as the SDK does, {more} beyond it")
        assert by_sdk > DOCUMENTS / 4, "documents without anything to redact prove nothing"


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    server = subprocess.Popen([SERVER, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        for name, test in tests:
            try:
                test(url)
                print(f"ok      {name}")
            except Exception as error:
                failed += 1
                print(f"FAILED  {name}\n    {error}")
    finally:
        server.terminate()
        server.wait()
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
