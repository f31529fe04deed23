/**
 * An agent's run, told by the official OpenTelemetry SDK of Node:  send.mjs json|protobuf
 *
 * The exporters read their endpoint, headers and compression from OTEL_EXPORTER_OTLP_... variables.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const kind = process.argv[2] === 'json' ? 'http' : 'proto';
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${kind}`);

const resource = resourceFromAttributes({ 'service.name': 'trip-planner', 'deployment.environment.name': 'staging' });
const traces = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const logs = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })] });
const tracer = traces.getTracer('planner', '2.0');
const logger = logs.getLogger('planner.log');

const agent = tracer.startSpan('invoke_agent planner', {
  attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner', 'gen_ai.conversation.id': 'conv-1' },
});
const inAgent = trace.setSpan(ROOT_CONTEXT, agent);
const chat = tracer.startSpan('chat gpt-5', {
  kind: SpanKind.CLIENT,
  attributes: {
    'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5',
    'gen_ai.usage.input_tokens': 12, 'gen_ai.usage.output_tokens': 30, 'gen_ai.request.temperature': 0.5,
    'gen_ai.response.finish_reasons': ['stop'],
  },
}, inAgent);
logger.emit({
  severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: 'slow: é日😀', attributes: { seconds: 3 },
  context: trace.setSpan(ROOT_CONTEXT, chat),
});
chat.end();
const tool = tracer.startSpan('weather', {
  attributes: { 'openinference.span.kind': 'TOOL', 'tool.name': 'weather' },
}, inAgent);
tool.addEvent('exception', { 'exception.type': 'TimeoutError', 'exception.message': 'no weather today' });
tool.setStatus({ code: SpanStatusCode.ERROR });
tool.end();
agent.end();

await logs.shutdown();
await traces.shutdown();
