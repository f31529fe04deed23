"""An application of CrewAI's, with our callbacks or without: `crew.py with|without`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from fake_crewai import crew

hooks = {}
if sys.argv[1] == "with":
    from axonpush import AxonPush
    from axonpush.integrations.crewai import AxonPushCrewCallbacks

    callbacks = AxonPushCrewCallbacks(AxonPush(shutdown_timeout=0.3), "ch")
    hooks = {"step_callback": callbacks.on_step, "task_callback": callbacks.on_task_complete}
    callbacks.on_crew_start()
result = crew("order", **hooks).kickoff()
if hooks:
    callbacks.on_crew_end(result)
print(result)
sys.exit(3)
