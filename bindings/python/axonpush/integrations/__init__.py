"""Frameworks of agents, and loggers. Each module is imported by those who use it, and needs the package that it is named after.

| module | what |
| --- | --- |
| ``langchain`` | ``AxonPushCallbackHandler``, ``AsyncAxonPushCallbackHandler``, ``get_langchain_handler`` |
| ``deepagents`` | ``AxonPushDeepAgentHandler``, ``AsyncAxonPushDeepAgentHandler``, ``get_deepagent_handler`` |
| ``openai_agents`` | ``AxonPushRunHooks`` |
| ``anthropic`` | ``AxonPushAnthropicTracer`` |
| ``crewai`` | ``AxonPushCrewCallbacks`` |
| ``logging_handler`` | ``AxonPushLoggingHandler`` (standard library) |
| ``structlog`` | ``axonpush_structlog_processor`` |
| ``loguru`` | ``create_axonpush_loguru_sink`` |

What goes wrong in any of them never reaches the application, in strict mode neither: it is counted in ``lost``, and logged once
a minute.
"""
