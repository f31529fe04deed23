package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"strings"
	"time"
)

// argument is a string that an operation takes.
type argument struct {
	place int
	name  string
	value string
}

// operate calls an operation that takes strings only.
func (c *Client) operate(ctx context.Context, operation C.axg_operation, arguments ...argument) (*Response, error) {
	return c.operateWith(ctx, operation, newStringBlock(), C.axg_extra{}, arguments...)
}

func (c *Client) operateWith(ctx context.Context, operation C.axg_operation, b *stringBlock, extra C.axg_extra, arguments ...argument) (*Response, error) {
	for _, a := range arguments {
		b.add(a.place, a.name, a.value)
	}
	return c.call(ctx, b, func(handle C.uintptr_t) *C.axg_outcome {
		return C.axg_operate(handle, operation, b.start(), b.places(), extra)
	})
}

// addList puts several values at a place, separated by commas.
func (b *stringBlock) addList(place int, name string, values []string) {
	for _, value := range values {
		if strings.Contains(value, ",") {
			b.fail(newError(ErrInvalidArgument, name+": a value contains a comma", nil))
			return
		}
	}
	b.add(place, name, strings.Join(values, ","))
}

// Apps manages apps, which channels belong to. It is a member of [Client].
type Apps struct {
	client *Client
}

// List lists the apps: {"apps": [...]}. In fail-open mode the list is empty if the service is unreachable.
func (a *Apps) List(ctx context.Context) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_LIST)
}

// Create creates an app.
func (a *Apps) Create(ctx context.Context, name string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_CREATE, argument{C.AXG_NAME, "name", name})
}

// Get gets an app.
func (a *Apps) Get(ctx context.Context, appID string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_GET, argument{C.AXG_ID, "appID", appID})
}

// Update renames an app.
func (a *Apps) Update(ctx context.Context, appID, name string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_UPDATE,
		argument{C.AXG_ID, "appID", appID},
		argument{C.AXG_NAME, "name", name},
	)
}

// Delete deletes an app.
func (a *Apps) Delete(ctx context.Context, appID string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_DELETE, argument{C.AXG_ID, "appID", appID})
}

// Channels manages channels, which events are published to. It is a member of [Client].
type Channels struct {
	client *Client
}

// List lists the channels of an app: {"channels": [...]}. In fail-open mode the list is empty if the
// service is unreachable.
func (c *Channels) List(ctx context.Context, appID string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_LIST, argument{C.AXG_ID, "appID", appID})
}

// Create creates a channel.
func (c *Channels) Create(ctx context.Context, appID, name string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_CREATE,
		argument{C.AXG_ID, "appID", appID},
		argument{C.AXG_NAME, "name", name},
	)
}

// Get gets a channel.
func (c *Channels) Get(ctx context.Context, appID, channelID string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_GET,
		argument{C.AXG_ID, "appID", appID},
		argument{C.AXG_SECOND_ID, "channelID", channelID},
	)
}

// Update renames a channel.
func (c *Channels) Update(ctx context.Context, appID, channelID, name string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_UPDATE,
		argument{C.AXG_ID, "appID", appID},
		argument{C.AXG_SECOND_ID, "channelID", channelID},
		argument{C.AXG_NAME, "name", name},
	)
}

// Delete deletes a channel.
func (c *Channels) Delete(ctx context.Context, appID, channelID string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_DELETE,
		argument{C.AXG_ID, "appID", appID},
		argument{C.AXG_SECOND_ID, "channelID", channelID},
	)
}

// Environment describes an environment to create, or the changes to one. A member that is zero is left out.
type Environment struct {
	// Name is required to create an environment.
	Name string
	// Slug identifies the environment in events and calls; "" means that the service derives it from Name.
	Slug string
	// Color is the color in the dashboard, such as "#00aa00".
	Color string
	// IsDefault says whether events that name no environment belong to it.
	IsDefault Toggle
	// IsProduction says whether it is a production environment.
	IsProduction Toggle
}

// Environments manages environments, such as production and staging. It is a member of [Client].
type Environments struct {
	client *Client
}

// List lists the environments: {"environments": [...]}. In fail-open mode the list is empty if the service
// is unreachable.
func (e *Environments) List(ctx context.Context) (*Response, error) {
	return e.client.operate(ctx, C.AXG_ENVIRONMENTS_LIST)
}

// Create creates an environment, which needs a Name.
func (e *Environments) Create(ctx context.Context, environment Environment) (*Response, error) {
	return e.change(ctx, C.AXG_ENVIRONMENTS_CREATE, "", environment)
}

// Update changes those members of an environment that are set.
func (e *Environments) Update(ctx context.Context, slug string, environment Environment) (*Response, error) {
	return e.change(ctx, C.AXG_ENVIRONMENTS_UPDATE, slug, environment)
}

func (e *Environments) change(ctx context.Context, operation C.axg_operation, slug string, environment Environment) (*Response, error) {
	extra := C.axg_extra{
		is_default:    C.axonpush_toggle(environment.IsDefault),
		is_production: C.axonpush_toggle(environment.IsProduction),
	}
	return e.client.operateWith(ctx, operation, newStringBlock(), extra,
		argument{C.AXG_ID, "slug", slug},
		argument{C.AXG_NAME, "Environment.Name", environment.Name},
		argument{C.AXG_SLUG, "Environment.Slug", environment.Slug},
		argument{C.AXG_COLOR, "Environment.Color", environment.Color},
	)
}

// Delete deletes an environment.
func (e *Environments) Delete(ctx context.Context, slug string) (*Response, error) {
	return e.client.operate(ctx, C.AXG_ENVIRONMENTS_DELETE, argument{C.AXG_ID, "slug", slug})
}

// Promote makes an environment the default.
func (e *Environments) Promote(ctx context.Context, slug string) (*Response, error) {
	return e.client.operate(ctx, C.AXG_ENVIRONMENTS_PROMOTE, argument{C.AXG_ID, "slug", slug})
}

// Webhook describes an endpoint to create.
type Webhook struct {
	// ChannelID is the channel whose events are delivered. It is required.
	ChannelID string
	// URL is where the service delivers the events. It is required.
	URL string
	// EventTypes are the event types to deliver; none means all.
	EventTypes []string
	// Description is a human-readable description.
	Description string
}

// Webhooks manages the endpoints to which the service delivers events. It is a member of [Client].
type Webhooks struct {
	client *Client
}

// Create creates an endpoint. The response has its secret, which [VerifyWebhook] needs.
func (w *Webhooks) Create(ctx context.Context, webhook Webhook) (*Response, error) {
	b := newStringBlock()
	b.addList(C.AXG_EVENT_TYPES, "Webhook.EventTypes", webhook.EventTypes)
	return w.client.operateWith(ctx, C.AXG_WEBHOOKS_CREATE, b, C.axg_extra{},
		argument{C.AXG_CHANNEL, "Webhook.ChannelID", webhook.ChannelID},
		argument{C.AXG_URL, "Webhook.URL", webhook.URL},
		argument{C.AXG_DESCRIPTION, "Webhook.Description", webhook.Description},
	)
}

// List lists the endpoints of a channel: {"data": [...]}. In fail-open mode the list is empty if the service
// is unreachable.
func (w *Webhooks) List(ctx context.Context, channelID string) (*Response, error) {
	return w.client.operate(ctx, C.AXG_WEBHOOKS_LIST, argument{C.AXG_ID, "channelID", channelID})
}

// Delete deletes an endpoint.
func (w *Webhooks) Delete(ctx context.Context, endpointID string) (*Response, error) {
	return w.client.operate(ctx, C.AXG_WEBHOOKS_DELETE, argument{C.AXG_ID, "endpointID", endpointID})
}

// Deliveries lists the deliveries of an endpoint: {"data": [...]}. In fail-open mode the list is empty if
// the service is unreachable.
func (w *Webhooks) Deliveries(ctx context.Context, endpointID string) (*Response, error) {
	return w.client.operate(ctx, C.AXG_WEBHOOKS_DELIVERIES, argument{C.AXG_ID, "endpointID", endpointID})
}

// TraceQuery filters traces. A trace must match every filter that is set, and at least one value of each
// list. A value in a list must not contain a comma.
type TraceQuery struct {
	// Events filters the events in the traces; its Limit is the number of traces.
	Events     EventQuery
	Services   []string
	Operations []string
	Models     []string
	Providers  []string
	Agents     []string
	Tools      []string
	Releases   []string
	Sessions   []string
	Users      []string
	// Sort is the sort order, as the service names it.
	Sort string
	// MinDuration excludes shorter traces.
	MinDuration time.Duration
	// Offset is how many traces to skip.
	Offset int
	// ErrorsOnly excludes traces without an error.
	ErrorsOnly bool
}

// Traces reads traces, each of which is a group of related events. It is a member of [Client].
type Traces struct {
	client *Client
}

// List lists traces: {"traces": [...]}. query may be nil. In fail-open mode the list is empty if the service
// is unreachable.
func (r *Traces) List(ctx context.Context, query *TraceQuery) (*Response, error) {
	if query == nil {
		query = &TraceQuery{}
	}
	b, limit := query.Events.strings()
	b.addList(C.AXG_TRACES_SERVICE, "query.Services", query.Services)
	b.addList(C.AXG_TRACES_OPERATION, "query.Operations", query.Operations)
	b.addList(C.AXG_TRACES_MODEL, "query.Models", query.Models)
	b.addList(C.AXG_TRACES_PROVIDER, "query.Providers", query.Providers)
	b.addList(C.AXG_TRACES_AGENT, "query.Agents", query.Agents)
	b.addList(C.AXG_TRACES_TOOL, "query.Tools", query.Tools)
	b.addList(C.AXG_TRACES_RELEASE, "query.Releases", query.Releases)
	b.addList(C.AXG_TRACES_SESSION, "query.Sessions", query.Sessions)
	b.addList(C.AXG_TRACES_USER, "query.Users", query.Users)
	b.add(C.AXG_TRACES_SORT, "query.Sort", query.Sort)
	numbers := C.axonpush_trace_query{
		min_duration_ms: C.uint64_t(b.milliseconds("query.MinDuration", query.MinDuration)),
		offset:          b.number("query.Offset", query.Offset),
	}
	if query.ErrorsOnly {
		numbers.errors_only = C.AXONPUSH_ENABLED
	}
	return r.client.call(ctx, b, func(handle C.uintptr_t) *C.axg_outcome {
		return C.axg_traces_list(handle, b.start(), b.places(), limit, numbers)
	})
}

// Get gets a trace with its spans: {"traceId", "spans": [...]}.
func (r *Traces) Get(ctx context.Context, traceID string) (*Response, error) {
	return r.client.operate(ctx, C.AXG_TRACES_GET, argument{C.AXG_ID, "traceID", traceID})
}

// Organizations manages organizations, which own everything else. It is a member of [Client].
type Organizations struct {
	client *Client
}

// List lists the organizations of the key's user: {"organizations": [...]}. In fail-open mode the list
// is empty if the service is unreachable.
func (o *Organizations) List(ctx context.Context) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_LIST)
}

// Get gets the organization to which the key belongs.
func (o *Organizations) Get(ctx context.Context) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_GET)
}

// Update changes the organization to which the key belongs. changes is a value that encoding/json marshals
// to an object with the members to change.
func (o *Organizations) Update(ctx context.Context, changes any) (*Response, error) {
	b := newStringBlock()
	extra := C.axg_extra{body_len: b.addJSON(C.AXG_BODY, "changes", changes)}
	return o.client.operateWith(ctx, C.AXG_ORGANIZATIONS_UPDATE, b, extra)
}

// Delete deletes an organization.
func (o *Organizations) Delete(ctx context.Context, orgID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_DELETE, argument{C.AXG_ID, "orgID", orgID})
}

// Invite invites somebody to an organization.
func (o *Organizations) Invite(ctx context.Context, orgID, invitedEmail, role string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_INVITE,
		argument{C.AXG_ID, "orgID", orgID},
		argument{C.AXG_EMAIL, "invitedEmail", invitedEmail},
		argument{C.AXG_ROLE, "role", role},
	)
}

// CancelInvitation cancels an invitation.
func (o *Organizations) CancelInvitation(ctx context.Context, orgID, invitationID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_CANCEL_INVITATION,
		argument{C.AXG_ID, "orgID", orgID},
		argument{C.AXG_SECOND_ID, "invitationID", invitationID},
	)
}

// RemoveMember removes a member from an organization.
func (o *Organizations) RemoveMember(ctx context.Context, orgID, userID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_REMOVE_MEMBER,
		argument{C.AXG_ID, "orgID", orgID},
		argument{C.AXG_SECOND_ID, "userID", userID},
	)
}

// TransferOwnership makes another member the owner of an organization.
func (o *Organizations) TransferOwnership(ctx context.Context, orgID, userID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_TRANSFER_OWNERSHIP,
		argument{C.AXG_ID, "orgID", orgID},
		argument{C.AXG_SECOND_ID, "userID", userID},
	)
}

// Leave leaves an organization.
func (o *Organizations) Leave(ctx context.Context, orgID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_LEAVE, argument{C.AXG_ID, "orgID", orgID})
}

// Capabilities tells what the service can do. It is a member of [Client].
type Capabilities struct {
	client *Client
}

// Get gets what the service can do.
func (c *Capabilities) Get(ctx context.Context) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CAPABILITIES_GET)
}

// Health tells whether the service is healthy. It is a member of [Client].
type Health struct {
	client *Client
}

// Get asks whether the service is healthy. In fail-open mode an unreachable service is a nil Response here,
// too, and not an error: check for nil, or use strict mode.
func (h *Health) Get(ctx context.Context) (*Response, error) {
	return h.client.operate(ctx, C.AXG_HEALTH_GET)
}

// OTLP accepts spans and log records in OpenTelemetry's format. It is a member of [Client].
type OTLP struct {
	client *Client
}

// Traces sends spans to the service as OTLP in JSON (ExportTraceServiceRequest), for a channel; channelID ""
// means the client's channel. The redaction rules do not apply: the request is sent as it is.
func (o *OTLP) Traces(ctx context.Context, channelID string, request any) (*Response, error) {
	b := newStringBlock()
	extra := C.axg_extra{body_len: b.addJSON(C.AXG_BODY, "request", request)}
	return o.client.operateWith(ctx, C.AXG_OTLP_TRACES, b, extra, argument{C.AXG_CHANNEL, "channelID", channelID})
}

// Logs sends log records to the service as OTLP in JSON (ExportLogsServiceRequest), for a channel; channelID
// "" means the client's channel. The redaction rules do not apply: the request is sent as it is.
func (o *OTLP) Logs(ctx context.Context, channelID string, request any) (*Response, error) {
	b := newStringBlock()
	extra := C.axg_extra{body_len: b.addJSON(C.AXG_BODY, "request", request)}
	return o.client.operateWith(ctx, C.AXG_OTLP_LOGS, b, extra, argument{C.AXG_CHANNEL, "channelID", channelID})
}
