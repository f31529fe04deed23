"""The library's log in logging; and the log sinks, which make events of an application's lines."""

import json
import logging
import textwrap

import loguru
import pytest
import structlog
from helpers import DEAD, eventually, run_script

from axonpush import AsyncAxonPush, TraceContext
from axonpush.integrations.logging_handler import AxonPushLoggingHandler
from axonpush.integrations.loguru import create_axonpush_loguru_sink
from axonpush.integrations.structlog import axonpush_structlog_processor


@pytest.fixture
def logger():
    made = logging.getLogger("shop.orders")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    made.handlers.clear()


def sent(client, server):
    client.flush(10)
    return server.bodies()


# ---- The library's own log ----


def test_lines_of_the_library_come_by_themselves(make, caplog):
    client = make(base_url=DEAD, shutdown_timeout=0.1)
    with caplog.at_level(logging.WARNING, "axonpush"):
        client.events.enqueue("a", {})
        # Nobody calls anything any more.
        eventually(lambda: [r for r in caplog.records if r.name == "axonpush"])
    assert "POST /event" in caplog.text


def test_the_level_is_the_loggers(make, caplog):
    dead = make(base_url=DEAD, max_retries=0)
    with caplog.at_level(logging.ERROR, "axonpush"):
        dead.events.publish("a", {})
        dead.events.publish("a", {})
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG, "axonpush"):
        dead.apps.list()
        dead.apps.list()
    assert caplog.records


def test_without_a_handler_warnings_go_to_stderr_and_can_be_silenced():
    code = "from axonpush import AxonPush\nAxonPush(max_retries=0).events.publish('a', {})"
    assert "suppressed because fail-open is on" in run_script(code).stderr
    quiet = "import logging; logging.getLogger('axonpush').setLevel(logging.ERROR)\n" + code
    assert run_script(quiet).stderr == ""
    assert run_script(code, env={"AXONPUSH_LOG": "off"}).stderr == ""


def test_what_a_handler_raises_reaches_nobody(make):
    class Broken(logging.Handler):
        def emit(self, record):
            raise ValueError("oh")

    handler = Broken()
    logging.getLogger("axonpush").addHandler(handler)
    try:
        assert make(base_url=DEAD, max_retries=0).events.publish("a", {}) is None
    finally:
        logging.getLogger("axonpush").removeHandler(handler)


# ---- logging ----


def test_records_are_events(client, server, logger):
    handler = AxonPushLoggingHandler(
        client=client, channel_id=7, service_name="shop", service_version="2", environment="prod", agent_id="a"
    )
    logger.addHandler(handler)
    with TraceContext("t"):
        logger.warning("order %d is late", 4711, extra={"order": 4711, "odd": {1, 2}, "password": "p"})
    try:
        raise ValueError("oh")
    except ValueError:
        logger.exception("it broke")
    first, second = sent(client, server)
    payload = first["payload"]
    assert (first["identifier"], first["eventType"], first["channel_id"], first["agentId"], first["traceId"]) == (
        "shop.orders",
        "app.log",
        "7",
        "a",
        "t",
    )
    assert (payload["severityNumber"], payload["severityText"], payload["body"]) == (13, "WARN", "order 4711 is late")
    assert payload["resource"] == {"service.name": "shop", "service.version": "2", "deployment.environment": "prod"}
    attributes = payload["attributes"]
    assert (attributes["order"], attributes["password"], attributes["code.function"]) == (4711, "[REDACTED]", "test_records_are_events")
    assert attributes["logger.name"] == "shop.orders"
    assert first["metadata"] == {"framework": "stdlib-logging"}
    assert int(payload["timeUnixNano"]) > 1_700_000_000_000_000_000
    assert second["payload"]["attributes"]["exception.type"] == "ValueError"
    assert second["payload"]["attributes"]["exception.message"] == "oh"
    assert handler.lost == 0


def test_levels(client, server, logger):
    logger.addHandler(AxonPushLoggingHandler(client=client, source="agent"))
    for level in (5, 10, 15, 20, 30, 40, 50, 60):
        logger.setLevel(1)
        logger.log(level, "x")
    bodies = sent(client, server)
    assert [b["payload"]["severityNumber"] for b in bodies] == [1, 5, 5, 9, 13, 17, 21, 21]
    assert {b["eventType"] for b in bodies} == {"agent.log"}


def test_a_sink_can_break_nothing(make, server, logger):
    strict = make(fail_open=False)
    handler = AxonPushLoggingHandler(client=strict)
    logger.addHandler(handler)

    class Odd:
        def __str__(self):
            raise ValueError("oh")

    # As logger.info() does, but for the other handlers, which make a noise. It is published as it stands.
    handler.handle(logging.makeLogRecord({"name": "shop", "levelno": 20, "msg": "%d", "args": ("not a number",)}))
    logger.info("odd", extra={"odd": Odd(), "nan": float("nan"), ("k",): 1, "surrogate": "\ud800"})
    strict.flush(10)
    assert [b["payload"]["body"] for b in server.bodies()] == ["%d", "odd"]
    assert server.bodies()[1]["payload"]["attributes"]["odd"] == "<Odd>"
    strict.close()
    logger.info("too late")
    assert (handler.lost, strict.stats().log_events_lost) == (1, 1)


def test_lines_of_the_library_never_feed_back(make, server):
    dead = make(base_url=DEAD, max_retries=0, delivery_timeout=0.1)
    handler = AxonPushLoggingHandler(client=dead)
    root, own = logging.getLogger(), logging.getLogger("axonpush")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        for name in ("axonpush", "axonpush.deep"):
            logging.getLogger(name).warning("mine")
        dead.events.publish("a", {})
        own.debug("x")
        assert dead.stats().accepted == 0
        logging.getLogger("shop").warning("one")
        assert dead.stats().accepted == 1
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def test_a_handler_with_a_client_of_its_own(server, logger):
    handler = AxonPushLoggingHandler(api_key="ak_x", tenant_id="1", base_url=server.url, channel_id="c", exclude_loggers=["shop.noise"])
    logger.addHandler(handler)
    logger.info("x")
    noise = logging.getLogger("shop.noise")
    noise.addHandler(handler)
    noise.propagate = False
    noise.error("not this")
    handler.close()
    assert [b["payload"]["body"] for b in server.bodies()] == ["x"]
    with pytest.raises(ValueError, match="not both"):
        AxonPushLoggingHandler(client=object(), api_key="x")
    with pytest.raises(TypeError, match="expected AxonPush"):
        AxonPushLoggingHandler(client=object())
    with pytest.raises(ValueError, match="source"):
        AxonPushLoggingHandler(api_key="ak_x", source="other")
    with pytest.raises(ValueError, match="mode"):
        AxonPushLoggingHandler(api_key="ak_x", mode="rq")


def test_logging_does_not_hold_up_the_end_of_a_process(server):
    code = """
    import logging
    from axonpush import AxonPush
    from axonpush.integrations.logging_handler import AxonPushLoggingHandler
    logging.getLogger().addHandler(AxonPushLoggingHandler(client=AxonPush(), channel_id="c"))
    for n in range(50): logging.error("line %d", n)
    """
    done = run_script(textwrap.dedent(code), url=server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert server.stored() == 50


# ---- structlog ----


def test_structlog(make, server):
    client = make(AsyncAxonPush)
    processor = axonpush_structlog_processor(client=client, channel_id="c", service_name="shop")
    lines = []
    logger = structlog.wrap_logger(
        None,
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            processor,
            structlog.processors.JSONRenderer(),
            lambda _logger, _method, line: lines.append(line) or (_ for _ in ()).throw(structlog.DropEvent),
        ],
    )
    logger.error("it broke", order=4711, odd=object)
    processor.flush(10)
    (event,) = server.bodies()
    payload = event["payload"]
    assert (event["identifier"], payload["severityText"], payload["body"]) == ("structlog", "ERROR", "it broke")
    assert payload["attributes"]["order"] == 4711
    assert "timestamp" not in payload["attributes"]
    assert json.loads(lines[0])["order"] == 4711, "the line goes on as it was"
    assert event["metadata"] == {"framework": "structlog"}
    assert processor.lost == 0


# ---- loguru ----


@pytest.mark.parametrize("serialize", [False, True])
def test_loguru(client, server, serialize):
    sink = create_axonpush_loguru_sink(client=client, channel_id="c", service_name="shop")
    number = loguru.logger.add(sink, serialize=serialize, level="TRACE")
    try:
        loguru.logger.bind(order=4711).success("done")
        loguru.logger.trace("deep")
        try:
            raise ValueError("oh")
        except ValueError:
            loguru.logger.exception("it broke")
    finally:
        loguru.logger.remove(number)
    done, deep, broke = sent(client, server)
    assert (done["payload"]["severityNumber"], deep["payload"]["severityNumber"], broke["payload"]["severityNumber"]) == (9, 1, 17)
    assert done["payload"]["attributes"]["order"] == 4711
    assert done["payload"]["attributes"]["code.function"] == "test_loguru"
    assert broke["payload"]["attributes"]["exception.type"] == "ValueError"
    assert broke["payload"]["attributes"]["exception.message"] == "oh"
    assert done["payload"]["body"] == "done"
    assert sink.lost == 0
