"""What the service answers: dictionaries with the wire's names, and the same members as attributes in snake_case."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from ._declarations import Attribute, EventType

__all__ = [
    "App",
    "Attribute",
    "Channel",
    "Environment",
    "Event",
    "EventDetails",
    "EventPage",
    "EventType",
    "Model",
    "Organization",
    "Page",
    "Response",
    "Stats",
    "Trace",
    "TracePage",
    "TraceSummary",
    "UserOrg",
    "WebhookDelivery",
    "WebhookEndpoint",
]


def camel_case(name: str) -> str:
    """``event_id`` as the wire writes it, ``eventId``."""
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


class Model(dict[str, Any]):
    """A JSON object as it came, with the wire's names: ``event["eventId"]``.

    Members are attributes, too: ``event.event_id``. One that is declared below and did not come is ``None``. What the service
    adds in later versions is there in both ways.
    """

    http_status: int | None = None
    """The HTTP status of the answer; ``None`` for what was inside of one, such as an event of a list."""
    request_id: str | None = None
    """The service's id of the request."""

    _wire_names: ClassVar[dict[str, str]] = {}
    _lists: ClassVar[dict[str, type[Model]]] = {}
    """Members that are lists of models; an empty one may be null."""

    def __init_subclass__(cls, spelled: Callable[[str], str] = camel_case) -> None:
        own = {name: spelled(name) for name in cls.__dict__.get("__annotations__", {}) if not name.startswith("_")}
        cls._wire_names = {**cls._wire_names, **own}

    def __getattr__(self, name: str) -> Any:
        # Called where there is no such attribute: what is declared only is none.
        wire_name = self._wire_names.get(name)
        if wire_name is not None:
            value = self.get(wire_name)
            model = self._lists.get(name)
            return value if model is None else [model(item) for item in value or []]
        for wire_name in (camel_case(name), name):
            if wire_name in self:
                return self[wire_name]
        raise AttributeError(f"{type(self).__name__} has no member {name!r}")


class Event(Model):
    """The answer to publishing."""

    event_id: str
    status: str | None
    duplicate: bool | None
    """Of older services: whether the event was there already."""


class EventDetails(Model):
    """An event as the service has it."""

    event_id: str
    org_id: str
    app_id: str
    channel_id: str
    event_type: str
    source: str
    identifier: str | None
    created_at: str
    occurred_at: str
    payload: Any
    """A dictionary, unless the service cut it (``payload_spilled``)."""
    payload_spilled: bool
    metadata: dict[str, Any] | None
    attributes: dict[str, Any] | None
    resource_attributes: dict[str, Any] | None
    dedup_key: str | None
    status: str | None
    semantic_kind: str | None
    agent_id: str | None
    agent_name: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    environment_id: str | None
    operation_name: str | None
    service_name: str | None
    tool_name: str | None
    session_id: str | None
    user_id: str | None
    duration_ms: float | None
    error_type: str | None
    error_message: str | None
    provider_name: str | None
    request_model: str | None
    response_model: str | None
    finish_reason: str | None
    ttft_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    total_tokens: int | None
    cost_usd: float | None
    cost_source: str | None


class App(Model):
    """An app."""

    app_id: str
    org_id: str
    name: str
    created_at: str
    updated_at: str | None
    creator_user_id: str | None
    repo_url: str | None
    default_branch: str | None


class Channel(Model):
    """A channel of an app."""

    channel_id: str
    app_id: str
    org_id: str
    name: str
    created_at: str
    updated_at: str | None


class Environment(Model):
    """An environment."""

    environment_id: str
    org_id: str
    name: str
    slug: str
    color: str | None
    is_default: bool
    is_production: bool
    is_ephemeral: bool | None
    created_at: str
    updated_at: str | None
    expires_at: str | None


class WebhookEndpoint(Model):
    """A webhook endpoint."""

    endpoint_id: str
    channel_id: str
    org_id: str | None
    url: str
    active: bool
    event_types: list[str] | None
    description: str | None
    has_secret: bool
    raw_secret: str | None
    """The secret of its signatures. It is there when the endpoint was created, and never again."""
    created_at: str
    updated_at: str | None


class WebhookDelivery(Model):
    """A delivery to a webhook endpoint."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    status: str | None
    status_code: int | None
    attempts: int | None
    error: str | None
    created_at: str
    next_retry_at: str | None


class Organization(Model):
    """An organization."""

    org_id: str
    name: str
    slug: str
    description: str | None
    plan: str
    subscription_status: str
    events_quota_monthly: int | None
    retention_days: int | None
    seat_limit: int | None
    created_at: str
    updated_at: str | None


class UserOrg(Model):
    """An organization of the key's user."""

    organization: Any
    role: str


class TraceSummary(Model):
    """What there is to say of a trace without its events."""

    trace_id: str
    root_span_name: str
    started_at: str
    ended_at: str
    duration_ms: float
    span_count: int
    error_count: int
    first_error_type: str
    outcome: str
    service_name: str
    session_id: str
    environment: str
    release: str
    models: list[str] | None
    providers: list[str] | None
    workflow: str
    customer: str
    total_tokens: int
    cost_usd: float


class Trace(Model):
    """A trace with its events."""

    trace_id: str
    spans: list[EventDetails]

    _lists = {"spans": EventDetails}


class Response(Model):
    """What an endpoint answered. Where it was an object, this has its members; ``data`` is the answer, whatever it was."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data if isinstance(data, dict) else ())
        self.data: Any = data


_Item = TypeVar("_Item", bound=Model)


class Page(list[_Item], Generic[_Item]):
    """A list that the service gave; empty where it could not be reached."""

    http_status: int | None = None
    request_id: str | None = None


class EventPage(Page[EventDetails]):
    """Events, newest first."""

    @property
    def events(self) -> list[EventDetails]:
        """The list itself, as the published SDK names it."""
        return self


class TracePage(Page[TraceSummary]):
    """Traces."""

    @property
    def traces(self) -> list[TraceSummary]:
        """The list itself, as the published SDK names it."""
        return self


class Stats(Model, spelled=str):
    """What became of the events that background publishing accepted, and of the network.

    The counters add up at any moment: ``accepted == delivered + failed + suppressed + dropped + expired + abandoned +
    queued_events`` (and what a spool took over or keeps).
    """

    accepted: int
    """Events that :meth:`enqueue` and the integrations have handed over."""
    delivered: int
    """The service said that it has them."""
    failed: int
    """The service rejected them for good."""
    suppressed: int
    """Given up while the service was unreachable, under fail-open."""
    dropped: int
    """Made room for newer ones."""
    expired: int
    """Not delivered within ``delivery_timeout``."""
    abandoned: int
    """Not delivered when the client was closed and its time was over."""
    queued_events: int
    """Waiting or being sent now."""
    queued_bytes: int
    """Bytes that these take."""
    retried: int
    """Attempts beyond the first, of all calls and events."""
    connections: int
    """Connections opened so far."""
    log_events_lost: int
    """Events of integrations and lines of logs that could not be handed over."""
    log_lines_lost: int
    """Lines of the library's own log that nobody fetched in time."""
    recovered: int
    """Events taken over from the spool of a client that ended."""
    kept: int
    """Events that were in the spool when the client was closed: the next one delivers them."""
    spool_bytes: int
    """Bytes that this client's events take in the spool."""
    batches: int
    """Requests with batches of events (``exporter="otlp"``), repeated ones included."""
    refused: int
    """Events that :meth:`enqueue` could not hand over: the queue was full."""


def parse(text: bytes) -> Any:
    """JSON of the library's. A lone surrogate in it stays what it is."""
    return json.loads(text)
