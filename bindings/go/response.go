package axonpush

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Response is a response of the service. When fail-open suppresses a failure, there is none: the methods of
// a nil *Response return "", 0 and false, as they do for a member that does not exist, so that code for the
// happy path keeps running.
//
// Members are named by JSON pointers (RFC 6901): "/events/0/eventId"; "" is the whole document; "~1"
// stands for "/" and "~0" for "~" in a name.
//
// Any number of goroutines may use a Response at once. It is garbage collected like any other value; there
// is nothing to free.
type Response struct {
	json       []byte
	httpStatus int
	requestID  string

	parse  sync.Once
	parsed any
}

// JSON returns the whole response; nil for a nil Response. Do not modify it.
func (r *Response) JSON() json.RawMessage {
	if r == nil {
		return nil
	}
	return r.json
}

// Decode decodes the response into v, as [json.Unmarshal] does. A nil Response leaves v as it is.
func (r *Response) Decode(v any) error {
	if r == nil {
		return nil
	}
	return json.Unmarshal(r.json, v)
}

// EventID returns the id that the service assigned to a published event.
func (r *Response) EventID() string { return r.String("/eventId") }

// HTTPStatus returns the HTTP status of the response; 0 for a nil Response and for an empty list that
// fail-open made.
func (r *Response) HTTPStatus() int {
	if r == nil {
		return 0
	}
	return r.httpStatus
}

// RequestID returns the service's id of the request; "" if it sent none.
func (r *Response) RequestID() string {
	if r == nil {
		return ""
	}
	return r.requestID
}

// String returns the string at a pointer; "" if there is none.
func (r *Response) String(pointer string) string {
	s, _ := r.at(pointer).(string)
	return s
}

// Int returns the integer at a pointer. It returns false if there is none, if the number is not written as
// an integer, or if it does not fit.
func (r *Response) Int(pointer string) (int64, bool) {
	number, ok := r.at(pointer).(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil
}

// Float returns the number at a pointer. It returns false if there is none, or if it is too large.
func (r *Response) Float(pointer string) (float64, bool) {
	number, ok := r.at(pointer).(json.Number)
	if !ok {
		return 0, false
	}
	f, err := number.Float64()
	return f, err == nil
}

// Bool returns the boolean at a pointer. ok is false if there is none.
func (r *Response) Bool(pointer string) (value, ok bool) {
	value, ok = r.at(pointer).(bool)
	return value, ok
}

// Raw returns the value at a pointer as JSON, exactly as the service sent it; nil if there is none. Do not
// modify it.
func (r *Response) Raw(pointer string) json.RawMessage {
	if r == nil || pointer != "" && pointer[0] != '/' {
		return nil
	}
	raw := json.RawMessage(r.json)
	if pointer == "" {
		return raw
	}
	for _, part := range strings.Split(pointer[1:], "/") {
		if raw = member(raw, part); raw == nil {
			return nil
		}
	}
	return raw
}

// member returns the member of an object or array that a part of a pointer names; nil if there is none.
func member(raw json.RawMessage, part string) json.RawMessage {
	var array []json.RawMessage
	if json.Unmarshal(raw, &array) == nil {
		if i, ok := index(part, len(array)); ok {
			return array[i]
		}
		return nil
	}
	var object map[string]json.RawMessage
	name, ok := unescape(part)
	if !ok || json.Unmarshal(raw, &object) != nil {
		return nil
	}
	return object[name]
}

// index returns the index in an array of this length that a part of a pointer names.
func index(part string, length int) (int, bool) {
	i, err := strconv.ParseUint(part, 10, 31)
	return int(i), err == nil && strconv.FormatUint(i, 10) == part && int(i) < length
}

// Count returns the number of members of the array or object at a pointer; 0 if there is none.
func (r *Response) Count(pointer string) int {
	switch value := r.at(pointer).(type) {
	case []any:
		return len(value)
	case map[string]any:
		return len(value)
	}
	return 0
}

// Events returns the events in a response of [Events.List] or [Events.Search], newest first; none for a
// nil Response.
func (r *Response) Events() []StoredEvent {
	var list struct {
		Events []json.RawMessage `json:"events"`
	}
	if r.Decode(&list) != nil || len(list.Events) == 0 {
		return nil
	}
	events := make([]StoredEvent, len(list.Events))
	for i, raw := range list.Events {
		events[i] = newStoredEvent(raw)
	}
	return events
}

// at returns the value at a pointer; nil if there is none.
func (r *Response) at(pointer string) any {
	if r == nil {
		return nil
	}
	r.parse.Do(func() {
		decoder := json.NewDecoder(bytes.NewReader(r.json))
		decoder.UseNumber()
		// The library has checked the JSON: what cannot be decoded here is nested more deeply than Go allows.
		_ = decoder.Decode(&r.parsed)
	})
	value := r.parsed
	if pointer == "" {
		return value
	}
	if pointer[0] != '/' {
		return nil
	}
	for _, part := range strings.Split(pointer[1:], "/") {
		switch inside := value.(type) {
		case map[string]any:
			name, ok := unescape(part)
			if !ok {
				return nil
			}
			value = inside[name]
		case []any:
			i, ok := index(part, len(inside))
			if !ok {
				return nil
			}
			value = inside[i]
		default:
			return nil
		}
	}
	return value
}

// unescape decodes one part of a pointer; it returns false if a "~" escapes nothing.
func unescape(part string) (string, bool) {
	if strings.Count(part, "~") != strings.Count(part, "~0")+strings.Count(part, "~1") {
		return "", false
	}
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~"), true
}

// StoredEvent is an event as the service stores it. Members that the service leaves out are zero, and so
// are members of an unexpected type; Raw has the whole event.
type StoredEvent struct {
	EventID        string          `json:"eventId"`
	OrgID          string          `json:"orgId"`
	AppID          string          `json:"appId"`
	ChannelID      string          `json:"channelId"`
	EnvironmentID  string          `json:"environmentId"`
	EventType      string          `json:"eventType"`
	Source         string          `json:"source"`
	Status         string          `json:"status"`
	AgentID        string          `json:"agentId"`
	AgentName      string          `json:"agentName"`
	ToolName       string          `json:"toolName"`
	SemanticKind   string          `json:"semanticKind"`
	ServiceName    string          `json:"serviceName"`
	OperationName  string          `json:"operationName"`
	TraceID        string          `json:"traceId"`
	SpanID         string          `json:"spanId"`
	ParentSpanID   string          `json:"parentSpanId"`
	SessionID      string          `json:"sessionId"`
	UserID         string          `json:"userId"`
	ErrorType      string          `json:"errorType"`
	ErrorMessage   string          `json:"errorMessage"`
	RequestModel   string          `json:"requestModel"`
	ResponseModel  string          `json:"responseModel"`
	DurationMs     float64         `json:"durationMs"`
	InputTokens    int64           `json:"inputTokens"`
	OutputTokens   int64           `json:"outputTokens"`
	TotalTokens    int64           `json:"totalTokens"`
	CostUSD        float64         `json:"costUsd"`
	PayloadSpilled bool            `json:"payloadSpilled"`
	Payload        json.RawMessage `json:"payload"`
	Metadata       json.RawMessage `json:"metadata"`
	Attributes     json.RawMessage `json:"attributes"`
	// CreatedAt is when the service stored the event. For the next older page, set [EventQuery.Until] to the
	// oldest CreatedAt of this one.
	CreatedAt time.Time `json:"-"`
	// OccurredAt is when the event happened.
	OccurredAt time.Time `json:"-"`
	// Raw is the whole event as the service sent it, including members that are newer than this package.
	Raw json.RawMessage `json:"-"`
}

func newStoredEvent(raw json.RawMessage) StoredEvent {
	event := StoredEvent{Raw: raw}
	// A member of an unexpected type is left out, and the others are still decoded.
	_ = json.Unmarshal(raw, &event)
	var times struct {
		CreatedAt, OccurredAt string
	}
	_ = json.Unmarshal(raw, &times)
	event.CreatedAt, _ = time.Parse(time.RFC3339Nano, times.CreatedAt)
	event.OccurredAt, _ = time.Parse(time.RFC3339Nano, times.OccurredAt)
	return event
}
