package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// row is a row of the table while it runs.
type row struct {
	members map[string]any
	expect  map[string]any
	// The first difference; "" while there is none.
	difference string
	// Why the row cannot be written in Go.
	inexpressible string
	// A folder of the row's own, which goes with it.
	folder string

	mu                sync.Mutex // callbacks run on a goroutine of the client's
	outcomes          map[string]int
	responses, errors int
}

func (r *row) differ(format string, arguments ...any) {
	if r.difference == "" {
		r.difference = fmt.Sprintf(format, arguments...)
	}
}

// only is the strictness: an object with no members but these.
func (r *row) only(value any, where, words string) map[string]any {
	object, ok := value.(map[string]any)
	if !ok {
		r.differ("%s is no object", where)
	}
	for name := range object {
		if !contains(strings.Fields(words), name) {
			r.differ("%s: unknown member %q", where, name)
		}
	}
	return object
}

func (r *row) skipped() string {
	skip, ok := r.members["skip_in"]
	if !ok {
		return ""
	}
	reason, _ := r.only(skip, "skip_in", "c cpp go node python")["go"].(string)
	return reason
}

func (r *row) run() {
	r.outcomes = map[string]int{}
	r.only(r.members, "the row", "name why options server call expect next seen skip_in")
	for _, name := range []string{"why", "call", "expect", "seen"} {
		if _, ok := r.members[name]; !ok {
			r.differ("the row has no member %q", name)
		}
	}
	r.expect = r.only(r.members["expect"], "expect", "outcome outcomes response error flush stats closed files at_least_ms at_most_ms")
	call, _ := r.members["call"].(map[string]any)
	times := 1
	if n, ok := call["times"]; ok {
		times = int(r.number(n, "times"))
	}
	control("POST", "/_dev/reset", nil)
	options := axonpush.Options{APIKey: "ak_conformance", BaseURL: serverURL, Proxy: axonpush.NoProxy}
	switch server := r.members["server"].(type) {
	case nil:
	case []any:
		control("POST", "/_dev/faults", marshal(server))
	default:
		options.BaseURL = deadURL
		if server != "dead" {
			r.differ(`server: expected a list of faults or "dead"`)
		}
	}
	folder, err := os.MkdirTemp("", "axonpush-row-")
	if err != nil {
		giveUp(err)
	}
	defer os.RemoveAll(folder)
	r.folder = folder
	if value, ok := r.members["options"]; ok {
		r.fill(optionsFields(&options), value, "options")
	}
	if r.difference != "" || r.inexpressible != "" {
		return
	}
	r.runCall(options, call, times)
	if r.inexpressible != "" {
		return
	}
	r.checkOutcomes(times)
	r.checkSeen()
}

func (r *row) runCall(options axonpush.Options, call map[string]any, times int) {
	client, err := axonpush.New(options)
	if err != nil {
		r.receive(nil, err)
		return
	}
	start := time.Now()
	r.call(client, call, times)
	took := time.Since(start)
	stats, err := client.Stats()
	if err != nil {
		r.differ("there are no stats: %v", err)
	}
	closed, isClosed := r.expect["closed"]
	var last axonpush.Stats
	if isClosed {
		client.Shutdown(context.Background()) // that events are left is in the counters
		if last, err = client.Stats(); err != nil {
			r.differ("there are no stats after the shutdown: %v", err)
		}
	}
	client.Close() // after this no callback runs
	if least, ok := r.expect["at_least_ms"]; ok && float64(took.Milliseconds()) < r.number(least, "at_least_ms") {
		r.differ("it took %v, expected at least %v ms", took, least)
	}
	if most, ok := r.expect["at_most_ms"]; ok && float64(took.Milliseconds()) > r.number(most, "at_most_ms") {
		r.differ("it took %v, expected at most %v ms", took, most)
	}
	r.checkStats(r.expect["stats"], stats)
	if isClosed {
		r.checkStats(closed, last)
	}
	if checks, ok := r.expect["files"]; ok {
		r.checkFiles(checks)
	}
	if next, ok := r.members["next"]; ok {
		r.runNext(r.only(next, "next", "stats"), options)
	}
}

// runNext is whoever comes after the client of the row, with the same options, once the service is well.
func (r *row) runNext(next map[string]any, options axonpush.Options) {
	control("DELETE", "/_dev/faults", nil)
	client, err := axonpush.New(options)
	if err != nil {
		r.differ("the next client cannot be made: %v", err)
		return
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := client.Flush(ctx); err != nil {
		r.differ("the flush of the next client failed: %v", err)
	}
	stats, err := client.Stats()
	if err != nil {
		r.differ("the next client has no stats: %v", err)
	}
	if _, ok := next["stats"]; !ok {
		r.differ("next: no member \"stats\"")
	}
	r.checkStats(next["stats"], stats)
}

// checkFiles checks what lies in the row's folder, where every byte that is no ASCII text is a blank.
func (r *row) checkFiles(value any) {
	checks, ok := value.([]any)
	if !ok {
		r.differ("files: expected a list of checks")
	}
	var text []byte
	err := filepath.WalkDir(r.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		text = append(text, content...)
		return err
	})
	if err != nil || len(text) == 0 {
		r.differ("there is no file that could be checked: %v", err)
	}
	for i, letter := range text {
		if letter < 32 || letter > 126 {
			text[i] = ' '
		}
	}
	for _, check := range checks {
		r.check(check, there(string(text)), nil, "files")
	}
}

// ---- arguments ----

// Text that is JSON already.
type document struct{ value *any }

// A duration that the table has in seconds; in others it has milliseconds.
type seconds struct{ value *time.Duration }

// What stands in the table, and where it goes in Go.
type fields map[string]any

func optionsFields(o *axonpush.Options) fields {
	return fields{
		"api_key": &o.APIKey, "tenant_id": &o.TenantID, "base_url": &o.BaseURL, "environment": &o.Environment,
		"channel_id": &o.ChannelID, "timeout_ms": &o.Timeout, "max_retries": &o.MaxRetries, "fail_open": &o.FailOpen,
		"queue_max_events": &o.QueueMaxEvents, "queue_max_bytes": &o.QueueMaxBytes, "overflow": &o.Overflow,
		"delivery_timeout_ms": &o.DeliveryTimeout, "max_connections": &o.MaxConnections, "http_version": &o.HTTPVersion,
		"shutdown_timeout_ms": &o.ShutdownTimeout, "content_capture": &o.ContentCapture, "redact_keys": &o.RedactKeys,
		"max_content_length": &o.MaxContentLength, "proxy": &o.Proxy, "block_timeout_ms": &o.BlockTimeout,
		"spool_dir": &o.SpoolDir, "spool_max_bytes": &o.SpoolMaxBytes, "spool_max_age_s": seconds{&o.SpoolMaxAge},
		"spool_sync": &o.SpoolSync, "spool_sync_ms": &o.SpoolSyncAfter,
		"exporter": &o.Exporter, "otlp_endpoint": &o.OTLPEndpoint, "otlp_headers": &o.OTLPHeaders,
		"otlp_batch_max_events": &o.OTLPBatchMaxEvents, "otlp_batch_max_bytes": &o.OTLPBatchMaxBytes,
		"otlp_batch_timeout_ms": &o.OTLPBatchTimeout, "otlp_gzip": &o.OTLPGzip,
	}
}

func eventFields(e *axonpush.Event) fields {
	return fields{
		"identifier": &e.Identifier, "payload": &e.Payload, "payload_text": document{&e.Payload}, "channel_id": &e.ChannelID,
		"event_type": &e.EventType, "agent_id": &e.AgentID, "trace_id": &e.TraceID, "span_id": &e.SpanID,
		"parent_span_id": &e.ParentSpanID, "dedup_key": &e.DedupKey, "occurred_at": &e.OccurredAt, "metadata": &e.Metadata,
		"metadata_text": document{&e.Metadata},
		"model_call": helped{&e.Payload, func(r *row, members any) any {
			var call axonpush.ModelCall
			r.fill(modelCallFields(&call), members, "model_call")
			return call.Payload()
		}},
		"tool_call": helped{&e.Payload, func(r *row, members any) any {
			var call axonpush.ToolCall
			r.fill(toolCallFields(&call), members, "tool_call")
			return call.Payload()
		}},
		"agent_run": helped{&e.Payload, func(r *row, members any) any {
			var run axonpush.AgentRun
			r.fill(agentRunFields(&run), members, "agent_run")
			return run.Payload()
		}},
	}
}

// helped is a payload that a helper makes of the members of its struct.
type helped struct {
	payload *any
	make    func(r *row, members any) any
}

// A duration that the table has in milliseconds, with fractions.
type fractions struct{ value *time.Duration }

func modelCallFields(c *axonpush.ModelCall) fields {
	return fields{
		"operation": &c.Operation, "provider": &c.Provider, "request_model": &c.RequestModel, "response_model": &c.ResponseModel,
		"response_id": &c.ResponseID, "finish_reason": &c.FinishReason, "conversation_id": &c.ConversationID,
		"input_tokens": &c.InputTokens, "output_tokens": &c.OutputTokens, "cache_read_tokens": &c.CacheReadTokens,
		"cache_write_tokens": &c.CacheWriteTokens, "reasoning_tokens": &c.ReasoningTokens, "cost_usd": &c.CostUSD,
		"duration_ms": fractions{&c.Duration}, "error_type": &c.ErrorType, "error_message": &c.ErrorMessage,
		"system_instructions": &c.SystemInstructions, "input_messages": &c.InputMessages, "output_messages": &c.OutputMessages,
	}
}

func toolCallFields(c *axonpush.ToolCall) fields {
	return fields{
		"name": &c.Name, "call_id": &c.CallID, "duration_ms": fractions{&c.Duration}, "error_type": &c.ErrorType,
		"error_message": &c.ErrorMessage, "arguments": &c.Arguments, "result": &c.Result,
	}
}

func agentRunFields(r *axonpush.AgentRun) fields {
	return fields{
		"agent_id": &r.AgentID, "agent_name": &r.AgentName, "conversation_id": &r.ConversationID,
		"duration_ms": fractions{&r.Duration}, "error_type": &r.ErrorType, "error_message": &r.ErrorMessage,
		"system_instructions": &r.SystemInstructions, "input_messages": &r.InputMessages, "output_messages": &r.OutputMessages,
	}
}

func queryFields(q *axonpush.EventQuery) fields {
	return fields{
		"since": &q.Since, "until": &q.Until, "limit": &q.Limit, "app_id": &q.AppID, "channel_id": &q.ChannelID,
		"environment_id": &q.EnvironmentID, "event_type": &q.EventType, "source": &q.Source, "status": &q.Status,
		"trace_id": &q.TraceID, "agent_id": &q.AgentID, "agent_name": &q.AgentName, "tool_name": &q.ToolName,
		"semantic_kind": &q.SemanticKind, "service_name": &q.ServiceName, "operation_name": &q.OperationName,
		"error_type": &q.ErrorType, "q": &q.Q, "attr_key": &q.AttrKey, "attr_value": &q.AttrValue,
	}
}

func requestFields(q *axonpush.Request) fields {
	return fields{"method": &q.Method, "path": &q.Path, "query": &q.Query, "body": &q.Body, "body_text": document{&q.Body}}
}

func (r *row) fill(fields fields, arguments any, where string) {
	object, ok := arguments.(map[string]any)
	if !ok {
		r.differ("%s: expected an object", where)
	}
	for name, value := range object {
		switch field := fields[name].(type) {
		case *string:
			*field = strings.NewReplacer("{server}", serverURL, "{folder}", r.folder).Replace(r.text(value, name))
			if name == "proxy" && *field == "" {
				*field = axonpush.NoProxy
			}
		case *int:
			*field = int(r.number(value, name))
		case *int64:
			*field = int64(r.number(value, name))
		case *float64:
			*field = r.number(value, name)
		case fractions:
			*field.value = time.Duration(r.number(value, name) * float64(time.Millisecond))
		case helped:
			*field.payload = field.make(r, value)
		case *uint64:
			*field = uint64(r.number(value, name))
		case *time.Duration:
			*field = time.Duration(r.number(value, name)) * time.Millisecond
		case seconds:
			*field.value = time.Duration(r.number(value, name)) * time.Second
		case *[]string:
			*field = strings.Split(r.text(value, name), ",")
		case *any:
			*field = value
		case document:
			*field.value = json.RawMessage(r.text(value, name))
		case *time.Time:
			r.time(field, r.text(value, name))
		case *axonpush.Toggle:
			on, ok := value.(bool)
			if !ok {
				r.differ("%s: expected true or false", name)
			}
			*field = axonpush.Disabled
			if on {
				*field = axonpush.Enabled
			}
		case *axonpush.Overflow:
			*field = axonpush.Overflow(r.word(value, name, "drop_oldest drop_newest block"))
		case *axonpush.HTTPVersion:
			*field = axonpush.HTTPVersion(r.word(value, name, "auto 1.1 2"))
		case *axonpush.SpoolSync:
			*field = axonpush.SpoolSync(r.word(value, name, "interval none each"))
		case *axonpush.Exporter:
			*field = axonpush.Exporter(r.word(value, name, "events otlp"))
		case *axonpush.ContentCapture:
			*field = 1 + axonpush.ContentCapture(r.word(value, name, "metadata_only redacted full"))
		default:
			r.differ("%s: unknown member %q", where, name)
		}
	}
}

func (r *row) time(field *time.Time, text string) {
	if text == "" {
		return
	}
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		r.inexpressible = fmt.Sprintf("%q is no time.Time", text)
	}
	*field = moment
}

func (r *row) text(value any, where string) string {
	text, ok := value.(string)
	if !ok {
		r.differ("%s: expected a string", where)
	}
	return text
}

func (r *row) number(value any, where string) float64 {
	number, _ := value.(json.Number)
	f, err := number.Float64()
	if err != nil {
		r.differ("%s: expected a number", where)
	}
	return f
}

func (r *row) word(value any, where, words string) int {
	for i, word := range strings.Fields(words) {
		if word == value {
			return i
		}
	}
	r.differ("%s: unknown word %v", where, value)
	return 0
}

// ---- calls ----

func (r *row) call(client *axonpush.Client, call map[string]any, times int) {
	ctx := context.Background()
	if arguments, ok := call["publish_async"]; ok {
		r.only(call, "call", "publish_async times flush_ms")
		var event axonpush.Event
		if r.fill(eventFields(&event), arguments, "publish_async"); !r.fit() {
			return
		}
		for i := 0; i < times; i++ {
			err := client.Events.PublishAsync(ctx, event, func(result axonpush.Result) { r.receive(result.Response, result.Err) })
			if err != nil {
				r.receive(nil, err)
			}
		}
		r.flush(client, call)
		return
	}
	if len(call) != 1 {
		r.differ("call: expected one call")
		return
	}
	for name, arguments := range call {
		switch name {
		case "publish":
			var event axonpush.Event
			if r.fill(eventFields(&event), arguments, name); r.fit() {
				r.receive(client.Events.Publish(ctx, event))
			}
		case "list":
			object := r.only(arguments, name, "channel_id query")
			channel := ""
			if value, ok := object["channel_id"]; ok {
				channel = r.text(value, "channel_id")
			}
			var query *axonpush.EventQuery
			if value, ok := object["query"]; ok {
				query = new(axonpush.EventQuery)
				r.fill(queryFields(query), value, "query")
			}
			if r.fit() {
				r.receiveList(client.Events.List(ctx, channel, query))
			}
		case "search":
			var query axonpush.EventQuery
			if r.fill(queryFields(&query), arguments, name); r.fit() {
				r.receiveList(client.Events.Search(ctx, &query))
			}
		case "request":
			var request axonpush.Request
			if r.fill(requestFields(&request), arguments, name); r.fit() {
				r.receive(client.Request(ctx, request))
			}
		default:
			r.differ("call: unknown call %q", name)
		}
	}
}

// fit says whether the call can be made as the row has it.
func (r *row) fit() bool { return r.difference == "" && r.inexpressible == "" }

func (r *row) flush(client *axonpush.Client, call map[string]any) {
	limit := 20000.0
	if value, ok := call["flush_ms"]; ok {
		limit = r.number(value, "flush_ms")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(limit)*time.Millisecond)
	defer cancel()
	expected := "ok"
	if value, ok := r.expect["flush"]; ok {
		expected = r.text(value, "flush")
		r.isOutcome(expected)
	}
	got := "ok"
	if err := client.Flush(ctx); err != nil {
		got = r.statusOf(err).String()
	}
	if got != expected {
		r.differ("flush gave %s, expected %s", got, expected)
	}
}

// ---- outcomes: what the caller got ----

func (r *row) receiveList(response *axonpush.Response, err error) {
	if n := len(response.Events()); n != response.Count("/events") {
		r.differ("Events gives %d events of %d", n, response.Count("/events"))
	}
	for i, event := range response.Events() {
		if id := response.String(fmt.Sprintf("/events/%d/eventId", i)); event.EventID != id {
			r.differ("Events gives the event %q for %q", event.EventID, id)
		}
	}
	r.receive(response, err)
}

// receive takes the outcome of a call or of an event.
func (r *row) receive(response *axonpush.Response, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if response != nil {
			r.differ("a response beside an error")
		}
		r.outcomes[r.statusOf(err).String()]++
		r.errors++
		r.checkError(err)
		return
	}
	if response == nil {
		r.outcomes["nothing"]++
		return
	}
	r.outcomes["ok"]++
	if checks, ok := r.expect["response"]; ok {
		r.responses++
		r.checkResponse(checks, response)
	}
}

func (r *row) statusOf(err error) axonpush.Status {
	var failure *axonpush.Error
	if !errors.As(err, &failure) {
		r.differ("no error of the library's: %v", err)
		return axonpush.ErrInternal
	}
	if !errors.Is(err, failure.Status) {
		r.differ("the error is not its own status")
	}
	return failure.Status
}

func (r *row) checkResponse(checks any, response *axonpush.Response) {
	document, err := parse(response.JSON())
	if err != nil {
		r.differ("the response cannot be read: %v", err)
	}
	object, _ := checks.(map[string]any)
	for name, check := range object {
		var actual part
		switch {
		case name == "http_status":
			actual = there(toNumber(response.HTTPStatus()))
		case name == "request_id":
			actual = orNull(response.RequestID())
		case name == "" || name[0] == '/':
			actual = at(document, name)
			r.checkAccessors(response, name, actual.value)
		default:
			r.differ("response: unknown member %q", name)
			return
		}
		r.check(check, actual, nil, "response "+name)
	}
}

// checkAccessors: each agrees with the whole document.
func (r *row) checkAccessors(response *axonpush.Response, pointer string, actual any) {
	text, _ := actual.(string)
	if got := response.String(pointer); got != text {
		r.differ("String(%q) is %q", pointer, got)
	}
	number, isNumber := actual.(json.Number)
	float, _ := number.Float64()
	if got, ok := response.Float(pointer); got != float || ok != isNumber {
		r.differ("Float(%q) is %v, %v", pointer, got, ok)
	}
	whole, err := strconv.ParseInt(number.String(), 10, 64)
	if got, ok := response.Int(pointer); ok != (err == nil) || ok && got != whole {
		r.differ("Int(%q) is %v, %v", pointer, got, ok)
	}
	if raw, err := parse(response.Raw(pointer)); response.Raw(pointer) != nil && (err != nil || !equal(raw, actual)) {
		r.differ("Raw(%q) is %s", pointer, response.Raw(pointer))
	}
	truth, isBool := actual.(bool)
	if got, ok := response.Bool(pointer); got != truth || ok != isBool {
		r.differ("Bool(%q) is %v, %v", pointer, got, ok)
	}
	if got, count := response.Count(pointer), max(0, countOf(actual)); got != count {
		r.differ("Count(%q) is %d", pointer, got)
	}
}

func (r *row) checkError(err error) {
	var failure *axonpush.Error
	if !errors.As(err, &failure) || failure.Message == "" {
		r.differ("the error has no message")
		return
	}
	retryAfter := int64(-1)
	if failure.RetryAfter >= 0 {
		retryAfter = failure.RetryAfter.Milliseconds()
	}
	members := map[string]part{
		"message": there(failure.Message), "code": orNull(failure.Code), "hint": orNull(failure.Hint),
		"request_id": orNull(failure.RequestID), "http_status": there(toNumber(failure.HTTPStatus)),
		"retry_after_ms": there(toNumber(retryAfter)), "retryable": there(failure.Retryable),
	}
	checks, _ := r.expect["error"].(map[string]any)
	for name, check := range checks {
		actual, known := members[name]
		if !known {
			r.differ("error: unknown member %q", name)
			return
		}
		if name == "message" {
			check, actual = spelledHere(check, actual)
		}
		r.check(check, actual, nil, "error "+name)
	}
}

var isName = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// spelledHere: where a message has to name a member or an argument, its name in C stands in the row. In Go
// "dedup_key" is DedupKey, and "timeout_ms" Timeout: the same letters, but for the unit.
func spelledHere(check any, message part) (any, part) {
	object, _ := check.(map[string]any)
	name, _ := object["contains"].(string)
	text, _ := message.value.(string)
	if !isName.MatchString(name) {
		return check, message
	}
	return map[string]any{"contains": strings.ReplaceAll(strings.TrimSuffix(name, "_ms"), "_", "")}, there(strings.ToLower(text))
}

func (r *row) isOutcome(name string) bool {
	if name == "ok" || name == "nothing" {
		return true
	}
	for status := axonpush.ErrInvalidArgument; status <= axonpush.ErrCancelled; status++ {
		if status.String() == name {
			return true
		}
	}
	r.differ("unknown outcome %q", name)
	return false
}

func (r *row) checkOutcomes(times int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, isOne := r.expect["outcome"]
	many, isMany := r.expect["outcomes"]
	if isOne == isMany {
		r.differ("expect: either outcome or outcomes")
	}
	total := 0
	var list []string
	for name, n := range r.outcomes {
		total += n
		list = append(list, fmt.Sprintf("%d %s", n, name))
	}
	sort.Strings(list)
	if isOne {
		name := r.text(one, "outcome")
		if r.isOutcome(name) && r.outcomes[name] != times {
			r.differ("outcome: %v, expected %s", list, name)
		}
	}
	if isMany {
		wanted, _ := many.(map[string]any)
		for name, n := range wanted {
			if r.isOutcome(name) && r.outcomes[name] != int(r.number(n, "outcomes")) {
				r.differ("outcomes: %v, expected %s", list, show(many))
			}
		}
	}
	// Neither more nor fewer: exactly one for each.
	if total != times {
		r.differ("%d outcomes for %d calls: %v", total, times, list)
	}
	if _, ok := r.expect["response"]; ok && r.responses == 0 {
		r.differ("no response that could be checked: %v", list)
	}
	if _, ok := r.expect["error"]; ok && r.errors == 0 {
		r.differ("no error that could be checked: %v", list)
	}
}

func (r *row) checkStats(value any, stats axonpush.Stats) {
	checks, _ := value.(map[string]any)
	members := map[string]uint64{
		"accepted": stats.Accepted, "delivered": stats.Delivered, "failed": stats.Failed, "suppressed": stats.Suppressed,
		"dropped": stats.Dropped, "expired": stats.Expired, "abandoned": stats.Abandoned, "queued_events": stats.QueuedEvents,
		"queued_bytes": stats.QueuedBytes, "retried": stats.Retried, "connections": stats.Connections, "log_events_lost": stats.LogEventsLost, "log_lines_lost": stats.LogLinesLost,
		"recovered": stats.Recovered, "kept": stats.Kept, "spool_bytes": stats.SpoolBytes,
		"batches": stats.Batches,
	}
	for name, check := range checks {
		actual, known := members[name]
		if !known {
			r.differ("stats: unknown member %q", name)
			return
		}
		r.check(check, there(toNumber(actual)), nil, "stats "+name)
	}
}
