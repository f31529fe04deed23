"""An agent's run, told by the official OpenTelemetry SDK of Python:  send.py json|protobuf

The exporters read their endpoint, headers and compression from OTEL_EXPORTER_OTLP_... variables.
"""

import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

if sys.argv[1] == "json":
    from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

resource = Resource.create({"service.name": "trip-planner", "deployment.environment.name": "staging"})
traces = TracerProvider(resource=resource)
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
tracer = traces.get_tracer("planner", "2.0")
logger = logs.get_logger("planner.log")

agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner", "gen_ai.conversation.id": "conv-1"}
with tracer.start_as_current_span("invoke_agent planner", attributes=agent):
    chat = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5",
            "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 30, "gen_ai.request.temperature": 0.5,
            "gen_ai.response.finish_reasons": ["stop"]}
    with tracer.start_as_current_span("chat gpt-5", kind=SpanKind.CLIENT, attributes=chat):
        logger.emit(LogRecord(severity_number=SeverityNumber.WARN, severity_text="WARN", body="slow: é日😀",
                              attributes={"seconds": 3}))
    tool = {"openinference.span.kind": "TOOL", "tool.name": "weather"}
    with tracer.start_as_current_span("weather", attributes=tool) as span:
        span.add_event("exception", {"exception.type": "TimeoutError", "exception.message": "no weather today"})
        span.set_status(Status(StatusCode.ERROR))

logs.shutdown()
traces.shutdown()
