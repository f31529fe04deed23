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

// given is a text of an operation.
type given struct {
	place int
	name  string
	text  string
}

// operate calls an operation that takes texts only.
func (c *Client) operate(ctx context.Context, operation C.axg_operation, texts ...given) (*Response, error) {
	return c.operateWith(ctx, operation, newTexts(), C.axg_extra{}, texts...)
}

func (c *Client) operateWith(ctx context.Context, operation C.axg_operation, t *texts, extra C.axg_extra, texts ...given) (*Response, error) {
	for _, g := range texts {
		t.add(g.place, g.name, g.text)
	}
	return c.call(ctx, t, func() *C.axg_outcome {
		return C.axg_operate(c.handle, operation, t.start(), t.places(), extra)
	})
}

// addList puts several values at a place.
func (t *texts) addList(place int, name string, values []string) {
	for _, value := range values {
		if strings.Contains(value, ",") {
			t.fail(newError(ErrInvalidArgument, name+": a comma is in a value", nil))
			return
		}
	}
	t.add(place, name, strings.Join(values, ","))
}

// Apps are what channels belong to: the member of that name of a [Client].
type Apps struct {
	client *Client
}

// List lists the apps: {"apps": [...]}. In fail-open mode an unreachable service gives an empty list.
func (a *Apps) List(ctx context.Context) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_LIST)
}

// Create creates an app.
func (a *Apps) Create(ctx context.Context, name string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_CREATE, given{C.AXG_NAME, "name", name})
}

// Get gets an app.
func (a *Apps) Get(ctx context.Context, appID string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_GET, given{C.AXG_ID, "app_id", appID})
}

// Update renames an app.
func (a *Apps) Update(ctx context.Context, appID, name string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_UPDATE,
		given{C.AXG_ID, "app_id", appID},
		given{C.AXG_NAME, "name", name},
	)
}

// Delete deletes an app.
func (a *Apps) Delete(ctx context.Context, appID string) (*Response, error) {
	return a.client.operate(ctx, C.AXG_APPS_DELETE, given{C.AXG_ID, "app_id", appID})
}

// Channels are what events are published to: the member of that name of a [Client].
type Channels struct {
	client *Client
}

// List lists the channels of an app: {"channels": [...]}. In fail-open mode an unreachable service gives
// an empty list.
func (c *Channels) List(ctx context.Context, appID string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_LIST, given{C.AXG_ID, "app_id", appID})
}

// Create creates a channel.
func (c *Channels) Create(ctx context.Context, appID, name string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_CREATE,
		given{C.AXG_ID, "app_id", appID},
		given{C.AXG_NAME, "name", name},
	)
}

// Get gets a channel.
func (c *Channels) Get(ctx context.Context, appID, channelID string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_GET,
		given{C.AXG_ID, "app_id", appID},
		given{C.AXG_SECOND_ID, "channel_id", channelID},
	)
}

// Update renames a channel.
func (c *Channels) Update(ctx context.Context, appID, channelID, name string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_UPDATE,
		given{C.AXG_ID, "app_id", appID},
		given{C.AXG_SECOND_ID, "channel_id", channelID},
		given{C.AXG_NAME, "name", name},
	)
}

// Delete deletes a channel.
func (c *Channels) Delete(ctx context.Context, appID, channelID string) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CHANNELS_DELETE,
		given{C.AXG_ID, "app_id", appID},
		given{C.AXG_SECOND_ID, "channel_id", channelID},
	)
}

// Environment is an environment to create, or what to change of one. A zero optional member is left out.
type Environment struct {
	// Name is required to create one.
	Name string
	// Slug is what events and calls name it by; "": the service makes one of the name.
	Slug string
	// Color is for the dashboard, such as "#00aa00".
	Color string
	// IsDefault says whether events that name no environment belong to it.
	IsDefault Toggle
	// IsProduction says whether it is a production environment.
	IsProduction Toggle
}

// Environments are such as production and staging: the member of that name of a [Client].
type Environments struct {
	client *Client
}

// List lists the environments: {"environments": [...]}. In fail-open mode an unreachable service gives an
// empty list.
func (e *Environments) List(ctx context.Context) (*Response, error) {
	return e.client.operate(ctx, C.AXG_ENVIRONMENTS_LIST)
}

// Create creates an environment, which needs a Name.
func (e *Environments) Create(ctx context.Context, environment Environment) (*Response, error) {
	return e.change(ctx, C.AXG_ENVIRONMENTS_CREATE, "", environment)
}

// Update changes the members of an environment that are given.
func (e *Environments) Update(ctx context.Context, slug string, environment Environment) (*Response, error) {
	return e.change(ctx, C.AXG_ENVIRONMENTS_UPDATE, slug, environment)
}

func (e *Environments) change(ctx context.Context, operation C.axg_operation, slug string, environment Environment) (*Response, error) {
	extra := C.axg_extra{
		is_default:    C.axonpush_toggle(environment.IsDefault),
		is_production: C.axonpush_toggle(environment.IsProduction),
	}
	return e.client.operateWith(ctx, operation, newTexts(), extra,
		given{C.AXG_ID, "slug", slug},
		given{C.AXG_NAME, "name", environment.Name},
		given{C.AXG_SLUG, "slug", environment.Slug},
		given{C.AXG_COLOR, "color", environment.Color},
	)
}

// Delete deletes an environment.
func (e *Environments) Delete(ctx context.Context, slug string) (*Response, error) {
	return e.client.operate(ctx, C.AXG_ENVIRONMENTS_DELETE, given{C.AXG_ID, "slug", slug})
}

// Promote makes an environment the default one.
func (e *Environments) Promote(ctx context.Context, slug string) (*Response, error) {
	return e.client.operate(ctx, C.AXG_ENVIRONMENTS_PROMOTE, given{C.AXG_ID, "slug", slug})
}

// Webhook is an endpoint to create.
type Webhook struct {
	// ChannelID is required: the channel whose events are delivered.
	ChannelID string
	// URL is required: where to.
	URL string
	// EventTypes are those to deliver; none: all.
	EventTypes []string
	// Description is for people.
	Description string
}

// Webhooks deliver events to endpoints of yours: the member of that name of a [Client].
type Webhooks struct {
	client *Client
}

// Create creates an endpoint. The answer has its secret, which [VerifyWebhook] needs.
func (w *Webhooks) Create(ctx context.Context, webhook Webhook) (*Response, error) {
	t := newTexts()
	t.addList(C.AXG_EVENT_TYPES, "event_types", webhook.EventTypes)
	return w.client.operateWith(ctx, C.AXG_WEBHOOKS_CREATE, t, C.axg_extra{},
		given{C.AXG_CHANNEL, "channel_id", webhook.ChannelID},
		given{C.AXG_URL, "url", webhook.URL},
		given{C.AXG_DESCRIPTION, "description", webhook.Description},
	)
}

// List lists the endpoints of a channel: {"data": [...]}. In fail-open mode an unreachable service gives an
// empty list.
func (w *Webhooks) List(ctx context.Context, channelID string) (*Response, error) {
	return w.client.operate(ctx, C.AXG_WEBHOOKS_LIST, given{C.AXG_ID, "channel_id", channelID})
}

// Delete deletes an endpoint.
func (w *Webhooks) Delete(ctx context.Context, endpointID string) (*Response, error) {
	return w.client.operate(ctx, C.AXG_WEBHOOKS_DELETE, given{C.AXG_ID, "endpoint_id", endpointID})
}

// Deliveries lists the deliveries of an endpoint: {"data": [...]}. In fail-open mode an unreachable service
// gives an empty list.
func (w *Webhooks) Deliveries(ctx context.Context, endpointID string) (*Response, error) {
	return w.client.operate(ctx, C.AXG_WEBHOOKS_DELIVERIES, given{C.AXG_ID, "endpoint_id", endpointID})
}

// TraceQuery filters traces. All members are optional, and all are to be met; of a list, any value. A
// value in a list must not have a comma in it.
type TraceQuery struct {
	// Events are filters of the events in the traces, Limit among them.
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
	// Sort is what to sort by, as the service names it.
	Sort string
	// MinDuration lets shorter traces out.
	MinDuration time.Duration
	// Offset is how many to pass over.
	Offset int
	// ErrorsOnly: only traces with an error in them.
	ErrorsOnly bool
}

// Traces are the events that belong together: the member of that name of a [Client].
type Traces struct {
	client *Client
}

// List lists traces: {"traces": [...]}. query may be nil. In fail-open mode an unreachable service gives an
// empty list.
func (r *Traces) List(ctx context.Context, query *TraceQuery) (*Response, error) {
	if query == nil {
		query = &TraceQuery{}
	}
	t, limit := query.Events.texts()
	t.addList(C.AXG_TRACES_SERVICE, "service", query.Services)
	t.addList(C.AXG_TRACES_OPERATION, "operation", query.Operations)
	t.addList(C.AXG_TRACES_MODEL, "model", query.Models)
	t.addList(C.AXG_TRACES_PROVIDER, "provider", query.Providers)
	t.addList(C.AXG_TRACES_AGENT, "agent", query.Agents)
	t.addList(C.AXG_TRACES_TOOL, "tool", query.Tools)
	t.addList(C.AXG_TRACES_RELEASE, "release", query.Releases)
	t.addList(C.AXG_TRACES_SESSION, "session", query.Sessions)
	t.addList(C.AXG_TRACES_USER, "user", query.Users)
	t.add(C.AXG_TRACES_SORT, "sort", query.Sort)
	numbers := C.axonpush_trace_query{
		min_duration_ms: C.uint64_t(t.milliseconds("min_duration_ms", query.MinDuration)),
		offset:          t.number("offset", query.Offset),
	}
	if query.ErrorsOnly {
		numbers.errors_only = C.AXONPUSH_ENABLED
	}
	return r.client.call(ctx, t, func() *C.axg_outcome {
		return C.axg_traces_list(r.client.handle, t.start(), t.places(), limit, numbers)
	})
}

// Get gets a trace with its spans: {"traceId", "spans": [...]}.
func (r *Traces) Get(ctx context.Context, traceID string) (*Response, error) {
	return r.client.operate(ctx, C.AXG_TRACES_GET, given{C.AXG_ID, "trace_id", traceID})
}

// Organizations are who it all belongs to: the member of that name of a [Client].
type Organizations struct {
	client *Client
}

// List lists the organizations of the key's user: {"organizations": [...]}. In fail-open mode an
// unreachable service gives an empty list.
func (o *Organizations) List(ctx context.Context) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_LIST)
}

// Get gets the organization that the key belongs to.
func (o *Organizations) Get(ctx context.Context) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_GET)
}

// Update changes the organization that the key belongs to. changes is anything that encoding/json makes an
// object of: the members to change.
func (o *Organizations) Update(ctx context.Context, changes any) (*Response, error) {
	t := newTexts()
	extra := C.axg_extra{body_len: t.addJSON(C.AXG_BODY, "body_json", changes)}
	return o.client.operateWith(ctx, C.AXG_ORGANIZATIONS_UPDATE, t, extra)
}

// Delete deletes an organization.
func (o *Organizations) Delete(ctx context.Context, orgID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_DELETE, given{C.AXG_ID, "org_id", orgID})
}

// Invite invites somebody into an organization.
func (o *Organizations) Invite(ctx context.Context, orgID, invitedEmail, role string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_INVITE,
		given{C.AXG_ID, "org_id", orgID},
		given{C.AXG_EMAIL, "invited_email", invitedEmail},
		given{C.AXG_ROLE, "role", role},
	)
}

// CancelInvitation takes an invitation back.
func (o *Organizations) CancelInvitation(ctx context.Context, orgID, invitationID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_CANCEL_INVITATION,
		given{C.AXG_ID, "org_id", orgID},
		given{C.AXG_SECOND_ID, "invitation_id", invitationID},
	)
}

// RemoveMember removes a member.
func (o *Organizations) RemoveMember(ctx context.Context, orgID, userID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_REMOVE_MEMBER,
		given{C.AXG_ID, "org_id", orgID},
		given{C.AXG_SECOND_ID, "user_id", userID},
	)
}

// TransferOwnership hands an organization over to another member.
func (o *Organizations) TransferOwnership(ctx context.Context, orgID, userID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_TRANSFER_OWNERSHIP,
		given{C.AXG_ID, "org_id", orgID},
		given{C.AXG_SECOND_ID, "user_id", userID},
	)
}

// Leave leaves an organization.
func (o *Organizations) Leave(ctx context.Context, orgID string) (*Response, error) {
	return o.client.operate(ctx, C.AXG_ORGANIZATIONS_LEAVE, given{C.AXG_ID, "org_id", orgID})
}

// Capabilities are what the service can do: the member of that name of a [Client].
type Capabilities struct {
	client *Client
}

// Get gets what the service can do.
func (c *Capabilities) Get(ctx context.Context) (*Response, error) {
	return c.client.operate(ctx, C.AXG_CAPABILITIES_GET)
}

// Health is whether the service is well: the member of that name of a [Client].
type Health struct {
	client *Client
}

// Get asks whether the service is well. Under fail-open an unreachable service is no error here either, but
// a nil Response: look at that, or ask in strict mode.
func (h *Health) Get(ctx context.Context) (*Response, error) {
	return h.client.operate(ctx, C.AXG_HEALTH_GET)
}

// OTLP takes spans and log records of OpenTelemetry: the member of that name of a [Client].
type OTLP struct {
	client *Client
}

// Traces hands spans to the service as OTLP in JSON (ExportTraceServiceRequest), for a
// channel; channelID "": the client's. The privacy rules do not apply: it is sent as it is.
func (o *OTLP) Traces(ctx context.Context, channelID string, request any) (*Response, error) {
	t := newTexts()
	extra := C.axg_extra{body_len: t.addJSON(C.AXG_BODY, "json", request)}
	return o.client.operateWith(ctx, C.AXG_OTLP_TRACES, t, extra, given{C.AXG_CHANNEL, "channel_id", channelID})
}

// Logs hands log records to the service as OTLP in JSON (ExportLogsServiceRequest), for a
// channel; channelID "": the client's. The privacy rules do not apply: it is sent as it is.
func (o *OTLP) Logs(ctx context.Context, channelID string, request any) (*Response, error) {
	t := newTexts()
	extra := C.axg_extra{body_len: t.addJSON(C.AXG_BODY, "json", request)}
	return o.client.operateWith(ctx, C.AXG_OTLP_LOGS, t, extra, given{C.AXG_CHANNEL, "channel_id", channelID})
}
