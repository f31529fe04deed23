"""The parts of the service: ``client.events``, ``client.apps`` and so on.

The asynchronous twin of this file is generated from it by tools/generate.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ctypes import byref
from datetime import datetime
from typing import Any

from . import _declarations as c
from ._base import Resource
from ._delivery import Delivery
from ._library import c_text, sign_webhook, verify_webhook
from ._marshal import (
    channel_text,
    event_call,
    event_query,
    json_bytes,
    list_text,
    optional_text,
    struct_of,
    toggle,
    trace_query,
)
from .models import (
    App,
    Channel,
    Environment,
    Event,
    EventDetails,
    EventPage,
    EventType,
    Model,
    Organization,
    Page,
    Trace,
    TracePage,
    TraceSummary,
    UserOrg,
    WebhookDelivery,
    WebhookEndpoint,
)


class Events(Resource):
    """``client.events``: publishes events and reads them."""

    def publish(
        self,
        identifier: str,
        payload: Mapping[str, Any] | str,
        channel_id: str | int | None = None,
        *,
        agent_id: str | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        parent_span_id: str | None = None,
        event_type: EventType | str | None = None,
        dedup_key: str | None = None,
        metadata: Mapping[str, Any] | str | None = None,
        occurred_at: datetime | str | None = None,
    ) -> Event | None:
        """Publishes an event and waits for the answer; ``None``: the service cannot be reached, and fail-open is on.

        ``payload`` and ``metadata`` are dictionaries, or JSON text that is passed on as it is. Without a channel it is the
        client's, else the organization's default. Without a trace it is the one that is current, else one of the event's own.
        The service stores an event once per ``dedup_key``, which is drawn at random if it is not given, and is the same in
        every attempt.
        """
        event = event_call(
            identifier, payload, channel_id, event_type, agent_id, trace_id, span_id, parent_span_id, dedup_key, metadata, occurred_at
        )
        return self._call("events_publish", Event, byref(event))

    def enqueue(
        self,
        identifier: str,
        payload: Mapping[str, Any] | str,
        channel_id: str | int | None = None,
        *,
        agent_id: str | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        parent_span_id: str | None = None,
        event_type: EventType | str | None = None,
        dedup_key: str | None = None,
        metadata: Mapping[str, Any] | str | None = None,
        occurred_at: datetime | str | None = None,
    ) -> Delivery:
        """Hands an event over to be delivered in the background, and returns at once (but for ``overflow="block"``).

        What it gives tells what became of the event, and may be left alone. The arguments are those of :meth:`publish`. A
        mistake in them, and a closed client, is raised at once; a full queue is the event's outcome.
        """
        return self._client.enqueue(
            Delivery,
            identifier,
            payload,
            channel_id,
            event_type,
            agent_id,
            trace_id,
            span_id,
            parent_span_id,
            dedup_key,
            metadata,
            occurred_at,
        )

    def list(
        self,
        channel_id: str | int | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        app_id: str | None = None,
        environment_id: str | None = None,
        event_type: str | None = None,
        source: str | None = None,
        status: str | None = None,
        trace_id: str | None = None,
        agent_id: str | None = None,
        agent_name: str | None = None,
        tool_name: str | None = None,
        semantic_kind: str | None = None,
        service_name: str | None = None,
        operation_name: str | None = None,
        error_type: str | None = None,
        q: str | None = None,
        attr_key: str | None = None,
        attr_value: str | None = None,
    ) -> EventPage:
        """Events of a channel, or of the client's channel, newest first; the last 24 hours if ``since`` says nothing else.

        An event must match every filter that is given. ``limit`` is at most 500. The page before begins with ``until`` = the
        oldest ``created_at`` seen; :meth:`iterate` does that.
        """
        query = event_query(
            {
                "since": since,
                "until": until,
                "limit": limit,
                "app_id": app_id,
                "environment_id": environment_id,
                "event_type": event_type,
                "source": source,
                "status": status,
                "trace_id": trace_id,
                "agent_id": agent_id,
                "agent_name": agent_name,
                "tool_name": tool_name,
                "semantic_kind": semantic_kind,
                "service_name": service_name,
                "operation_name": operation_name,
                "error_type": error_type,
                "q": q,
                "attr_key": attr_key,
                "attr_value": attr_value,
            }
        )
        return self._list("events_list", "events", EventPage, EventDetails, channel_text(channel_id), byref(query))

    def search(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        app_id: str | None = None,
        channel_id: str | int | None = None,
        environment_id: str | None = None,
        event_type: str | None = None,
        source: str | None = None,
        status: str | None = None,
        trace_id: str | None = None,
        agent_id: str | None = None,
        agent_name: str | None = None,
        tool_name: str | None = None,
        semantic_kind: str | None = None,
        service_name: str | None = None,
        operation_name: str | None = None,
        error_type: str | None = None,
        q: str | None = None,
        attr_key: str | None = None,
        attr_value: str | None = None,
    ) -> EventPage:
        """Events of the whole organization, newest first. The filters are those of :meth:`list`."""
        query = event_query(
            {
                "since": since,
                "until": until,
                "limit": limit,
                "app_id": app_id,
                "channel_id": channel_id,
                "environment_id": environment_id,
                "event_type": event_type,
                "source": source,
                "status": status,
                "trace_id": trace_id,
                "agent_id": agent_id,
                "agent_name": agent_name,
                "tool_name": tool_name,
                "semantic_kind": semantic_kind,
                "service_name": service_name,
                "operation_name": operation_name,
                "error_type": error_type,
                "q": q,
                "attr_key": attr_key,
                "attr_value": attr_value,
            }
        )
        return self._list("events_search", "events", EventPage, EventDetails, byref(query))

    def iterate(
        self,
        channel_id: str | int | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        app_id: str | None = None,
        environment_id: str | None = None,
        event_type: str | None = None,
        source: str | None = None,
        status: str | None = None,
        trace_id: str | None = None,
        agent_id: str | None = None,
        agent_name: str | None = None,
        tool_name: str | None = None,
        semantic_kind: str | None = None,
        service_name: str | None = None,
        operation_name: str | None = None,
        error_type: str | None = None,
        q: str | None = None,
        attr_key: str | None = None,
        attr_value: str | None = None,
    ) -> Iterator[EventDetails]:
        """All events of a channel, or of the whole organization, newest first, page by page behind the scenes: none twice, and
        none left out.

        The filters are those of :meth:`list`; ``limit`` is the size of a page. An unreachable service is the end under
        fail-open.
        """
        filters = {
            "since": since,
            "until": until,
            "limit": limit,
            "app_id": app_id,
            "environment_id": environment_id,
            "event_type": event_type,
            "source": source,
            "status": status,
            "trace_id": trace_id,
            "agent_id": agent_id,
            "agent_name": agent_name,
            "tool_name": tool_name,
            "semantic_kind": semantic_kind,
            "service_name": service_name,
            "operation_name": operation_name,
            "error_type": error_type,
            "q": q,
            "attr_key": attr_key,
            "attr_value": attr_value,
        }
        return self._walk(channel_text(channel_id), event_query(filters), limit)


class Apps(Resource):
    """``client.apps``."""

    def list(self) -> Page[App]:
        """The apps that the key can see."""
        return self._list("apps_list", "apps", Page[App], App)

    def get(self, app_id: str) -> App | None:
        """An app."""
        return self._call("apps_get", App, c_text("app_id", app_id))

    def create(self, name: str) -> App | None:
        """Creates an app."""
        return self._call("apps_create", App, c_text("name", name))

    def update(self, app_id: str, *, name: str) -> App | None:
        """Renames an app."""
        return self._call("apps_update", App, c_text("app_id", app_id), c_text("name", name))

    def delete(self, app_id: str) -> Model | None:
        """Deletes an app."""
        return self._call("apps_delete", Model, c_text("app_id", app_id))


class Channels(Resource):
    """``client.channels``: channels of an app."""

    def list(self, app_id: str) -> Page[Channel]:
        """The channels of an app."""
        return self._list("channels_list", "channels", Page[Channel], Channel, c_text("app_id", app_id))

    def get(self, app_id: str, channel_id: str) -> Channel | None:
        """A channel."""
        return self._call("channels_get", Channel, c_text("app_id", app_id), channel_text(channel_id))

    def create(self, app_id: str, name: str) -> Channel | None:
        """Creates a channel."""
        return self._call("channels_create", Channel, c_text("app_id", app_id), c_text("name", name))

    def update(self, app_id: str, channel_id: str, *, name: str) -> Channel | None:
        """Renames a channel."""
        return self._call("channels_update", Channel, c_text("app_id", app_id), channel_text(channel_id), c_text("name", name))

    def delete(self, app_id: str, channel_id: str) -> Model | None:
        """Deletes a channel."""
        return self._call("channels_delete", Model, c_text("app_id", app_id), channel_text(channel_id))


class Environments(Resource):
    """``client.environments``."""

    def list(self) -> Page[Environment]:
        """The environments."""
        return self._list("environments_list", "environments", Page[Environment], Environment)

    def create(
        self,
        name: str,
        *,
        slug: str | None = None,
        color: str | None = None,
        is_production: bool | None = None,
        is_default: bool | None = None,
    ) -> Environment | None:
        """Creates an environment; the service makes a slug of its name if none is given."""
        environment = struct_of(
            c.axonpush_environment,
            name=c_text("name", name),
            slug=optional_text("slug", slug),
            color=optional_text("color", color),
            is_production=toggle("is_production", is_production),
            is_default=toggle("is_default", is_default),
        )
        return self._call("environments_create", Environment, byref(environment))

    def update(
        self,
        slug: str,
        *,
        name: str | None = None,
        color: str | None = None,
        is_production: bool | None = None,
        is_default: bool | None = None,
    ) -> Environment | None:
        """Changes what is given of an environment."""
        environment = struct_of(
            c.axonpush_environment,
            name=optional_text("name", name),
            color=optional_text("color", color),
            is_production=toggle("is_production", is_production),
            is_default=toggle("is_default", is_default),
        )
        return self._call("environments_update", Environment, c_text("slug", slug), byref(environment))

    def delete(self, slug: str) -> Model | None:
        """Deletes an environment."""
        return self._call("environments_delete", Model, c_text("slug", slug))

    def promote(self, slug: str) -> Environment | None:
        """Makes an environment the default one."""
        return self._call("environments_promote", Environment, c_text("slug", slug))

    promote_to_default = promote


class Webhooks(Resource):
    """``client.webhooks``: endpoints, their deliveries, and signatures."""

    verify = staticmethod(verify_webhook)
    sign = staticmethod(sign_webhook)

    def create_endpoint(
        self,
        *,
        url: str,
        channel_id: str | int,
        event_types: Iterable[str] | str | None = None,
        description: str | None = None,
    ) -> WebhookEndpoint | None:
        """Creates an endpoint for a channel. The answer has its secret (``raw_secret``), this once."""
        webhook = struct_of(
            c.axonpush_webhook,
            channel_id=channel_text(channel_id),
            url=c_text("url", url),
            event_types=list_text("event_types", event_types),
            description=optional_text("description", description),
        )
        return self._call("webhooks_create", WebhookEndpoint, byref(webhook))

    def list_endpoints(self, channel_id: str | int) -> Page[WebhookEndpoint]:
        """The endpoints of a channel."""
        return self._list("webhooks_list", "data", Page[WebhookEndpoint], WebhookEndpoint, channel_text(channel_id))

    def delete_endpoint(self, endpoint_id: str) -> Model | None:
        """Deletes an endpoint."""
        return self._call("webhooks_delete", Model, c_text("endpoint_id", endpoint_id))

    def deliveries(self, endpoint_id: str) -> Page[WebhookDelivery]:
        """The deliveries of an endpoint."""
        return self._list("webhooks_deliveries", "data", Page[WebhookDelivery], WebhookDelivery, c_text("endpoint_id", endpoint_id))

    create = create_endpoint
    list = list_endpoints
    delete = delete_endpoint


class Traces(Resource):
    """``client.traces``."""

    def list(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort: str | None = None,
        errors_only: bool | None = None,
        min_duration_ms: int | None = None,
        service: Iterable[str] | str | None = None,
        operation: Iterable[str] | str | None = None,
        model: Iterable[str] | str | None = None,
        provider: Iterable[str] | str | None = None,
        agent: Iterable[str] | str | None = None,
        tool: Iterable[str] | str | None = None,
        release: Iterable[str] | str | None = None,
        session: Iterable[str] | str | None = None,
        user: Iterable[str] | str | None = None,
        **event_filters: Any,
    ) -> TracePage:
        """Traces. Where several texts are given, any of them is to be met; all filters must be.

        ``event_filters`` are those of ``client.events.search``.
        """
        query = trace_query(
            {"since": since, "until": until, "limit": limit, **event_filters},
            {
                "service": service,
                "operation": operation,
                "model": model,
                "provider": provider,
                "agent": agent,
                "tool": tool,
                "release": release,
                "session": session,
                "user": user,
            },
            sort,
            min_duration_ms,
            offset,
            errors_only,
        )
        return self._list("traces_list", "traces", TracePage, TraceSummary, byref(query))

    def get(self, trace_id: str) -> Trace | None:
        """A trace with its events."""
        return self._call("traces_get", Trace, c_text("trace_id", trace_id))


class Organizations(Resource):
    """``client.organizations``."""

    def list(self) -> Page[UserOrg]:
        """The organizations of the key's user."""
        return self._list("organizations_list", "organizations", Page[UserOrg], UserOrg)

    def get(self) -> Organization | None:
        """The organization that the key belongs to."""
        return self._call("organizations_get", Organization)

    def update(self, *, name: str | None = None, description: str | None = None, **changes: Any) -> Organization | None:
        """Changes the organization that the key belongs to; ``changes`` are members by their names on the wire."""
        given = {"name": name, "description": description, **changes}
        body = json_bytes("changes", {member: value for member, value in given.items() if value is not None})
        return self._call("organizations_update", Organization, body, len(body))

    def delete(self, org_id: str) -> Model | None:
        """Deletes an organization."""
        return self._call("organizations_delete", Model, c_text("org_id", org_id))

    def invite(self, org_id: str, email: str, *, role: str = "user") -> Model | None:
        """Invites somebody into an organization."""
        return self._call("organizations_invite", Model, c_text("org_id", org_id), c_text("email", email), c_text("role", role))

    def cancel_invitation(self, org_id: str, invitation_id: str) -> Model | None:
        """Takes an invitation back."""
        return self._call(
            "organizations_cancel_invitation", Model, c_text("org_id", org_id), c_text("invitation_id", invitation_id)
        )

    def remove_member(self, org_id: str, user_id: str) -> Model | None:
        """Removes a member from an organization."""
        return self._call("organizations_remove_member", Model, c_text("org_id", org_id), c_text("user_id", user_id))

    def transfer_ownership(self, org_id: str, target_user_id: str) -> Model | None:
        """Makes another member the owner of an organization."""
        return self._call(
            "organizations_transfer_ownership", Model, c_text("org_id", org_id), c_text("target_user_id", target_user_id)
        )

    def leave(self, org_id: str) -> Model | None:
        """Leaves an organization."""
        return self._call("organizations_leave", Model, c_text("org_id", org_id))


class Capabilities(Resource):
    """``client.capabilities``."""

    def get(self) -> Model | None:
        """What the service can do."""
        return self._call("capabilities_get", Model)


class Health(Resource):
    """``client.health``."""

    def get(self) -> Model | None:
        """Whether the service is well; ``None``: it cannot be reached, and fail-open is on."""
        return self._call("health_get", Model)
