"""The payloads of model calls, tool calls and agent runs, under the names that the service reads.

Each function gives a dictionary, to which you may add what it does not know. What is ``None`` is left out. Content (messages,
instructions, arguments, results) is any JSON, a text among it, and becomes ``[REDACTED]`` by default before it leaves the process.
docs/genai.md says which event types to publish them with, and which other conventions' names mean the same.
"""

from __future__ import annotations

from typing import Any

__all__ = ["agent_run", "model_call", "tool_call"]


def _known(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


# The members are in the order of the attributes' names, as in every language (tests/conformance/genai.json).


def model_call(
    *,
    operation: str = "chat",
    provider: str | None = None,
    request_model: str | None = None,
    response_model: str | None = None,
    response_id: str | None = None,
    finish_reason: str | None = None,
    conversation_id: str | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cache_read_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    reasoning_tokens: int | None = None,
    cost_usd: float | None = None,
    duration_ms: float | None = None,
    error_type: str | None = None,
    error_message: str | None = None,
    system_instructions: Any = None,
    input_messages: Any = None,
    output_messages: Any = None,
) -> dict[str, Any]:
    """The payload of a request to a model and its response, for an event of the type ``EventType.APP_SPAN``.

    The tokens from a cache are among ``input_tokens``, those for reasoning among ``output_tokens``. With ``duration_ms``, give the
    event ``occurred_at``, the time when the call began. A call that has an ``error_type`` ("timeout", "429") has failed;
    ``error_message`` is no content, so quote no prompt in it.
    """
    return _known(
        {
            "duration_ms": duration_ms,
            "error.message": error_message,
            "error.type": error_type,
            "gen_ai.conversation.id": conversation_id,
            "gen_ai.input.messages": input_messages,
            "gen_ai.operation.name": operation,
            "gen_ai.output.messages": output_messages,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": request_model,
            "gen_ai.response.finish_reasons": None if finish_reason is None else [finish_reason],
            "gen_ai.response.id": response_id,
            "gen_ai.response.model": response_model,
            "gen_ai.system_instructions": system_instructions,
            "gen_ai.usage.cache_read_input_tokens": cache_read_tokens,
            "gen_ai.usage.cache_write_input_tokens": cache_write_tokens,
            "gen_ai.usage.cost_usd": cost_usd,
            "gen_ai.usage.input_tokens": input_tokens,
            "gen_ai.usage.output_tokens": output_tokens,
            "gen_ai.usage.reasoning_tokens": reasoning_tokens,
        }
    )


def tool_call(
    *,
    name: str | None = None,
    call_id: str | None = None,
    duration_ms: float | None = None,
    error_type: str | None = None,
    error_message: str | None = None,
    arguments: Any = None,
    result: Any = None,
) -> dict[str, Any]:
    """The payload of a tool call, for ``EventType.AGENT_TOOL_CALL_END``, or, without the result, ``EventType.AGENT_TOOL_CALL_START``.

    The start and the end of one call share a ``span_id``. ``call_id`` is the model's id of the call. As for the others, see
    :func:`model_call`.
    """
    return _known(
        {
            "duration_ms": duration_ms,
            "error.message": error_message,
            "error.type": error_type,
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.call.arguments": arguments,
            "gen_ai.tool.call.id": call_id,
            "gen_ai.tool.call.result": result,
            "gen_ai.tool.name": name,
        }
    )


def agent_run(
    *,
    agent_id: str | None = None,
    agent_name: str | None = None,
    conversation_id: str | None = None,
    duration_ms: float | None = None,
    error_type: str | None = None,
    error_message: str | None = None,
    system_instructions: Any = None,
    input_messages: Any = None,
    output_messages: Any = None,
) -> dict[str, Any]:
    """The payload of an agent's run, for ``EventType.AGENT_START``, and for ``EventType.AGENT_END`` or ``EventType.AGENT_ERROR``.

    The start and the end of one run share a ``span_id``. A run has no tokens and no cost: those of its model calls add up to them. As
    for the others, see :func:`model_call`.
    """
    return _known(
        {
            "duration_ms": duration_ms,
            "error.message": error_message,
            "error.type": error_type,
            "gen_ai.agent.id": agent_id,
            "gen_ai.agent.name": agent_name,
            "gen_ai.conversation.id": conversation_id,
            "gen_ai.input.messages": input_messages,
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.output.messages": output_messages,
            "gen_ai.system_instructions": system_instructions,
        }
    )
