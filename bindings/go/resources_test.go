package axonpush_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// What every operation sends, for ids that would be something else if they were not encoded.
var operations = []struct {
	function string
	request  string
	body     string
	call     func(context.Context, *axonpush.Client) (*axonpush.Response, error)
}{
	{"apps_list", "GET /apps", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Apps.List(ctx)
	}},
	{"apps_create", "POST /apps", `{"name":"n"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Apps.Create(ctx, "n")
	}},
	{"apps_get", "GET /apps/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Apps.Get(ctx, "a/b")
	}},
	{"apps_update", "PATCH /apps/a%2Fb", `{"name":"n"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Apps.Update(ctx, "a/b", "n")
	}},
	{"apps_delete", "DELETE /apps/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Apps.Delete(ctx, "a/b")
	}},
	{"channels_list", "GET /apps/a%2Fb/channels", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Channels.List(ctx, "a/b")
	}},
	{"channels_create", "POST /apps/a%2Fb/channels", `{"name":"n"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Channels.Create(ctx, "a/b", "n")
	}},
	{"channels_get", "GET /apps/a%2Fb/channels/c%3Fd", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Channels.Get(ctx, "a/b", "c?d")
	}},
	{"channels_update", "PUT /apps/a%2Fb/channels/c%3Fd", `{"name":"n"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Channels.Update(ctx, "a/b", "c?d", "n")
	}},
	{"channels_delete", "DELETE /apps/a%2Fb/channels/c%3Fd", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Channels.Delete(ctx, "a/b", "c?d")
	}},
	{"environments_list", "GET /environments", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Environments.List(ctx)
	}},
	{"environments_create", "POST /environments", `{"name":"n","slug":"s","color":"#00aa00","isDefault":true,"isProduction":false}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Environments.Create(ctx, axonpush.Environment{
			Name: "n", Slug: "s", Color: "#00aa00", IsDefault: axonpush.Enabled, IsProduction: axonpush.Disabled,
		})
	}},
	{"environments_update", "PATCH /environments/a%2Fb", `{"color":"red"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Environments.Update(ctx, "a/b", axonpush.Environment{Color: "red"})
	}},
	{"environments_delete", "DELETE /environments/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Environments.Delete(ctx, "a/b")
	}},
	{"environments_promote", "POST /environments/a%2Fb/promote", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Environments.Promote(ctx, "a/b")
	}},
	{"webhooks_create", "POST /webhooks/endpoints", `{"channelId":"ch","url":"https://h.test/","eventTypes":["agent.start","custom"],"description":"d"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Webhooks.Create(ctx, axonpush.Webhook{
			ChannelID: "ch", URL: "https://h.test/", EventTypes: []string{"agent.start", "custom"}, Description: "d",
		})
	}},
	{"webhooks_list", "GET /webhooks/endpoints/channel/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Webhooks.List(ctx, "a/b")
	}},
	{"webhooks_delete", "DELETE /webhooks/endpoints/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Webhooks.Delete(ctx, "a/b")
	}},
	{"webhooks_deliveries", "GET /webhooks/deliveries/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Webhooks.Deliveries(ctx, "a/b")
	}},
	{"traces_list", "GET /traces?agentId=me&limit=3&service=a&service=b&offset=2&errorsOnly=true&minDurationMs=5&sort=duration", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Traces.List(ctx, &axonpush.TraceQuery{
			Events: axonpush.EventQuery{AgentID: "me", Limit: 3}, Offset: 2, Services: []string{"a", "b"}, ErrorsOnly: true,
			MinDuration: 5 * time.Millisecond, Sort: "duration",
		})
	}},
	{"traces_get", "GET /traces/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Traces.Get(ctx, "a/b")
	}},
	{"organizations_list", "GET /users/me/organizations", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.List(ctx)
	}},
	{"organizations_get", "GET /organization", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.Get(ctx)
	}},
	{"organizations_update", "PATCH /organization", `{"name":"n"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.Update(ctx, map[string]string{"name": "n"})
	}},
	{"organizations_delete", "DELETE /organizations/a%2Fb", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.Delete(ctx, "a/b")
	}},
	{"organizations_invite", "POST /organizations/a%2Fb/invitations", `{"invitedEmail":"e@x.test","role":"member"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.Invite(ctx, "a/b", "e@x.test", "member")
	}},
	{"organizations_cancel_invitation", "DELETE /organizations/a%2Fb/invitations/c%3Fd", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.CancelInvitation(ctx, "a/b", "c?d")
	}},
	{"organizations_remove_member", "DELETE /organizations/a%2Fb/members/c%3Fd", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.RemoveMember(ctx, "a/b", "c?d")
	}},
	{"organizations_transfer_ownership", "POST /organizations/a%2Fb/transfer-ownership", `{"userId":"u"}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.TransferOwnership(ctx, "a/b", "u")
	}},
	{"organizations_leave", "POST /organizations/a%2Fb/leave", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Organizations.Leave(ctx, "a/b")
	}},
	{"capabilities_get", "GET /capabilities", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Capabilities.Get(ctx)
	}},
	{"health_get", "GET /healthz", ``, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.Health.Get(ctx)
	}},
	{"otlp_traces", "POST /v1/traces", `{"resourceSpans":[]}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.OTLP.Traces(ctx, "ch", map[string]any{"resourceSpans": []any{}})
	}},
	{"otlp_logs", "POST /v1/logs", `{"resourceLogs":[]}`, func(ctx context.Context, c *axonpush.Client) (*axonpush.Response, error) {
		return c.OTLP.Logs(ctx, "ch", map[string]any{"resourceLogs": []any{}})
	}},
}

func TestEveryOperationOnTheWire(t *testing.T) {
	s := newServer(t)
	client := s.client()
	for _, operation := range operations {
		before := len(s.requests())
		// Most of these things do not exist: what counts is what was asked for.
		_, err := operation.call(background, client)
		var failure *axonpush.Error
		if err != nil && (!errors.As(err, &failure) || failure.HTTPStatus == 0) {
			t.Errorf("%s: %v", operation.function, err)
			continue
		}
		sent := s.requests()[before:]
		if len(sent) != 1 {
			t.Errorf("%s: %d requests", operation.function, len(sent))
			continue
		}
		if got := sent[0].Method + " " + sent[0].Target; got != operation.request {
			t.Errorf("%s: %s instead of %s", operation.function, got, operation.request)
		}
		if sent[0].Body != operation.body && !sameJSON(sent[0].Body, operation.body) {
			t.Errorf("%s: sent %s instead of %s", operation.function, sent[0].Body, operation.body)
		}
		if strings.HasPrefix(operation.function, "otlp_") && sent[0].header("X-Axonpush-Channel") != "ch" {
			t.Errorf("%s: no channel", operation.function)
		}
	}
}

func TestEveryOperationOfTheTableIsThere(t *testing.T) {
	file, err := os.Open("../../docs/operations.md")
	must(t, err)
	defer file.Close()
	missing := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, ok := cutBetween(lines.Text(), "| `axonpush_", "`"); ok {
			missing[name] = true
		}
	}
	if len(missing) < 30 {
		t.Fatalf("found %d operations", len(missing))
	}
	for _, operation := range operations {
		if !missing[operation.function] {
			t.Errorf("%s is not in the table", operation.function)
		}
		delete(missing, operation.function)
	}
	if len(missing) > 0 {
		t.Errorf("not here: %v", missing)
	}
}

func TestALifeOfAnApp(t *testing.T) {
	client := newServer(t).client()
	app, err := client.Apps.Create(background, "shop")
	must(t, err)
	id := app.String("/appId")
	list, err := client.Apps.List(background)
	must(t, err)
	if list.Count("/apps") != 1 {
		t.Errorf("%s", list.JSON())
	}
	got, err := client.Apps.Get(background, id)
	must(t, err)
	if got.String("/name") != "shop" {
		t.Errorf("%s", got.JSON())
	}
	_, err = client.Apps.Delete(background, id)
	must(t, err)
	if _, err := client.Apps.Get(background, id); !errors.Is(err, axonpush.ErrNotFound) {
		t.Error(err)
	}
}

func TestWhatIsRefusedIsNotSent(t *testing.T) {
	s := newServer(t)
	client := s.client()
	calls := map[string]func() (*axonpush.Response, error){
		"empty id":     func() (*axonpush.Response, error) { return client.Apps.Get(background, "") },
		"NUL in an id": func() (*axonpush.Response, error) { return client.Apps.Get(background, "a\x00b") },
		"second id":    func() (*axonpush.Response, error) { return client.Channels.Get(background, "a", "") },
		"comma": func() (*axonpush.Response, error) {
			return client.Traces.List(background, &axonpush.TraceQuery{Users: []string{"a,b"}})
		},
		"offset": func() (*axonpush.Response, error) {
			return client.Traces.List(background, &axonpush.TraceQuery{Offset: -1})
		},
		"not an object": func() (*axonpush.Response, error) { return client.Organizations.Update(background, 5) },
		"not JSON":      func() (*axonpush.Response, error) { return client.Organizations.Update(background, func() {}) },
		"no changes":    func() (*axonpush.Response, error) { return client.Organizations.Update(background, nil) },
	}
	for what, call := range calls {
		if _, err := call(); !errors.Is(err, axonpush.ErrInvalidArgument) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestResourcesUnderFailOpen(t *testing.T) {
	catchLog(t)
	client := newClient(t, deadURL(t), failOpen)
	list, err := client.Apps.List(background)
	must(t, err)
	if string(list.JSON()) != `{"apps":[]}` {
		t.Errorf("%s", list.JSON())
	}
	app, err := client.Apps.Get(background, "a")
	if app != nil || err != nil {
		t.Error(app, err)
	}
	strict := newClient(t, deadURL(t))
	if _, err := strict.Health.Get(background); !errors.Is(err, axonpush.ErrConnection) {
		t.Error(err)
	}
}

func TestAContextEndsAnOperation(t *testing.T) {
	s := newServer(t)
	s.fault(`{"times":0,"silent":true}`)
	client := s.client(hurry)
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	if _, err := client.Apps.List(ctx); err != context.DeadlineExceeded {
		t.Error(err)
	}
	if _, err := client.Traces.List(ctx, nil); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

func cutBetween(line, before, after string) (string, bool) {
	if !strings.HasPrefix(line, before) {
		return "", false
	}
	inside, _, ok := strings.Cut(line[len(before):], after)
	return inside, ok
}
