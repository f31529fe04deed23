"""An application of Anthropic's SDK, with our tracer or without: `claude.py with|without`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import anthropic
from fake_anthropic import client_of

claude = client_of(anthropic.Anthropic, "order")
create = claude.messages.create
told = print
if sys.argv[1] == "with":
    from axonpush import AxonPush
    from axonpush.integrations.anthropic import AxonPushAnthropicTracer

    tracer = AxonPushAnthropicTracer(AxonPush(shutdown_timeout=0.3), "ch")
    tracer.send_tool_result("toolu_1", "late")

    def create(**kwargs):
        return tracer.create_message(claude, **kwargs)


ask = {"model": "claude-x", "max_tokens": 100}
message = create(messages=[{"role": "user", "content": "Where?"}], **ask)
print(message.stop_reason, [block.type for block in message.content])
print(create(messages=[{"role": "user", "content": "Where?"}] * 2, **ask).content[0].text)
sys.exit(3)
