package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// part is a value that may not be there at all, which null is.
type part struct {
	value   any
	present bool
}

func there(value any) part { return part{value, true} }

// orNull: "" stands for none.
func orNull(text string) part {
	if text == "" {
		return there(nil)
	}
	return there(text)
}

func toNumber(n any) json.Number { return json.Number(fmt.Sprint(n)) }

func marshal(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		giveUp(err)
	}
	return bytes.TrimSpace(text.Bytes())
}

func show(value any) string { return string(marshal(value)) }

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// at is what an RFC 6901 pointer names. (Deliberately not the binding's own.)
func at(value any, pointer string) part {
	if pointer == "" {
		return there(value)
	}
	for _, name := range strings.Split(pointer, "/")[1:] {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch inside := value.(type) {
		case map[string]any:
			member, ok := inside[name]
			if !ok {
				return part{}
			}
			value = member
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(inside) {
				return part{}
			}
			value = inside[i]
		default:
			return part{}
		}
	}
	return there(value)
}

func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		number, ok := b.(json.Number)
		x, _ := a.Float64()
		y, _ := number.Float64()
		return ok && x == y
	case []any:
		list, ok := b.([]any)
		if !ok || len(a) != len(list) {
			return false
		}
		for i := range a {
			if !equal(a[i], list[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		object, ok := b.(map[string]any)
		if !ok || len(a) != len(object) {
			return false
		}
		for name := range a {
			other, there := object[name]
			if !there || !equal(a[name], other) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case []any, map[string]any:
		return false // not comparable
	}
	return a == b
}

// countOf is how many members it has; null has none; -1 for what has no members.
func countOf(value any) int {
	switch value := value.(type) {
	case nil:
		return 0
	case []any:
		return len(value)
	case map[string]any:
		return len(value)
	}
	return -1
}

// request is a request of the server's log, with its body read.
type request struct {
	record map[string]any
	body   part
}

// part is what a pointer or a header's name stands for.
func (q *request) part(name string) part {
	if isPointer(name) {
		if !q.body.present {
			return part{}
		}
		return at(q.body.value, name)
	}
	headers, _ := q.record["headers"].([]any)
	for _, header := range headers {
		if pair, ok := header.([]any); ok && len(pair) == 2 && pair[0] == name {
			return there(pair[1])
		}
	}
	return part{}
}

func isPointer(name string) bool { return name == "" || name[0] == '/' }

func (r *row) check(check any, actual part, q *request, where string) {
	if !r.holds(check, actual, q, where) {
		got := "not there"
		if actual.present {
			got = show(actual.value)
		}
		r.differ("%s is %s, expected %s", where, got, show(check))
	}
}

// holds says whether actual is as check says. q is what "same_as" speaks of.
func (r *row) holds(check any, actual part, q *request, where string) bool {
	object, isObject := check.(map[string]any)
	if _, isList := check.([]any); !isObject {
		return !isList && actual.present && equal(check, actual.value)
	}
	if len(object) != 1 {
		r.differ("%s: unknown check %s", where, show(check))
		return false
	}
	text, isText := actual.value.(string)
	for verb, wanted := range object {
		switch verb {
		case "is":
			return actual.present && equal(wanted, actual.value)
		case "absent":
			if wanted == true {
				return !actual.present
			}
		case "matches":
			expression, err := regexp.Compile(r.text(wanted, where))
			return err == nil && isText && expression.MatchString(text)
		case "contains":
			return isText && strings.Contains(text, r.text(wanted, where))
		case "lacks":
			return isText && !strings.Contains(text, r.text(wanted, where))
		case "count":
			return actual.present && countOf(actual.value) == int(r.number(wanted, where))
		case "members":
			names, _ := wanted.([]any)
			members, ok := actual.value.(map[string]any)
			if !ok || len(names) != len(members) {
				return false
			}
			for _, name := range names {
				if _, ok := members[r.text(name, where)]; !ok {
					return false
				}
			}
			return true
		case "at_least":
			_, isNumber := actual.value.(json.Number)
			return isNumber && r.number(actual.value, where) >= r.number(wanted, where)
		case "same_as":
			if q != nil {
				other := q.part(r.text(wanted, where))
				return actual.present && other.present && equal(actual.value, other.value)
			}
		}
	}
	r.differ("%s: unknown check %s", where, show(check))
	return false
}

// checkSeen compares what the server saw.
func (r *row) checkSeen() {
	seen := r.only(r.members["seen"], "seen", "requests method target headers body text same distinct stored")
	response, _ := control("GET", "/_dev/requests", nil).(map[string]any)
	log, _ := response["requests"].([]any)
	var requests []*request
	for _, record := range log {
		q := &request{record: record.(map[string]any)}
		if body, _ := q.record["body"].(string); body != "" {
			value, err := parse([]byte(body))
			q.body = part{value, err == nil}
		}
		requests = append(requests, q)
	}
	wanted, ok := seen["requests"]
	if !ok {
		r.differ(`seen: no member "requests"`)
		return
	}
	r.check(wanted, there(toNumber(len(requests))), nil, "number of requests")
	// More than what is always there was to be seen in them.
	_, stored := seen["stored"]
	if len(requests) == 0 && (len(seen) > 2 || len(seen) == 2 && !stored) {
		r.differ("no request that could be checked")
	}
	for _, q := range requests {
		for _, name := range []string{"method", "target"} {
			if check, ok := seen[name]; ok {
				r.check(check, there(q.record[name]), q, name)
			}
		}
		if check, ok := seen["text"]; ok {
			r.check(check, there(q.record["body"]), q, "text")
		}
		for _, where := range []string{"headers", "body"} {
			checks, _ := seen[where].(map[string]any)
			for name, check := range checks {
				if isPointer(name) != (where == "body") {
					r.differ("%s: %q does not belong there", where, name)
				}
				r.check(check, q.part(name), q, where+" "+name)
			}
		}
	}
	r.checkAcross(seen["same"], requests, true)
	r.checkAcross(seen["distinct"], requests, false)
	if stored {
		stats, _ := control("GET", "/_dev/stats", nil).(map[string]any)
		r.check(seen["stored"], there(stats["storedEvents"]), nil, "stored events")
	}
}

// checkAcross: each named part is there in all requests, and the same in all of them, or never the same.
func (r *row) checkAcross(names any, requests []*request, same bool) {
	list, _ := names.([]any)
	for _, n := range list {
		name := r.text(n, "same or distinct")
		for i, q := range requests {
			mine := q.part(name)
			if !mine.present {
				r.differ("request %d has no %s", i, name)
			}
			for j, other := range requests[:i] {
				if equal(mine.value, other.part(name).value) != same {
					r.differ("%s in requests %d and %d: %s and %s", name, j, i, show(other.part(name).value), show(mine.value))
				}
			}
		}
	}
}
