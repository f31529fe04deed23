"""A transport for Anthropic's SDK that answers by itself: first with a tool's call, then with the last word."""

import json

try:
    import httpx2 as httpx  # what newer versions of the SDK use
except ImportError:
    import httpx


def answer(request, word, status):
    body = json.loads(request.content)
    if status != 200:
        return httpx.Response(status, json={"type": "error", "error": {"type": "invalid_request_error", "message": f"no {word}"}})
    if body.get("stream"):
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"")
    if len(body["messages"]) == 1:
        content = [
            {"type": "text", "text": f"I look for the {word}."},
            {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"order": word}},
        ]
    else:
        content = [{"type": "text", "text": f"The {word} is late."}]
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if len(content) == 2 else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 20},
    }
    return httpx.Response(200, json=message)


def client_of(kind, word, status=200):
    """An Anthropic or AsyncAnthropic over that transport."""
    transport = httpx.MockTransport(lambda request: answer(request, word, status))
    http = httpx.AsyncClient if kind.__name__.startswith("Async") else httpx.Client
    return kind(api_key="sk-test", http_client=http(transport=transport), max_retries=0)
