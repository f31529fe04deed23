"""A model for CrewAI that says what it was told to."""

import os

# CrewAI would otherwise report to its makers, and ask whether it may.
for name in ("CREWAI_DISABLE_TELEMETRY", "CREWAI_DISABLE_TRACKING", "OTEL_SDK_DISABLED"):
    os.environ[name] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import tool


class FakeModel(BaseLLM):
    """Answers with the texts given, one after the other."""

    texts: list = []

    def __init__(self, *texts, **kwargs):
        super().__init__(model="fake-1", **kwargs)
        self.texts = list(texts)

    def call(self, messages, tools=None, callbacks=None, available_functions=None, *args, **kwargs):
        return self.texts.pop(0)

    def supports_function_calling(self):
        return False

    def supports_stop_words(self):
        return True

    def get_context_window_size(self):
        return 8192


def crew(word, **callbacks):
    """One agent, one task and one tool."""

    @tool("look_up")
    def look_up(order: str) -> str:
        """Looks an order up."""
        return f"order {order}: {word} is late"

    model = FakeModel(
        f'Thought: I look for the {word}.\nAction: look_up\nAction Input: {{"order": "{word}"}}',
        f"Thought: I know now.\nFinal Answer: The {word} is late.",
    )
    agent = Agent(role="clerk", goal=f"find the {word}", backstory="old", llm=model, tools=[look_up], verbose=False, max_iter=3)
    task = Task(description=f"Where is the {word}?", expected_output="one sentence", agent=agent)
    return Crew(agents=[agent], tasks=[task], verbose=False, **callbacks)
