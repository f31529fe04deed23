package axonpush

import (
	"regexp"
	"strings"
)

// goNames puts the names of this package in place of those of the C library, whose messages name its own options:
// "queue_max_events" becomes "Options.QueueMaxEvents", and "event.channel_id" "Event.ChannelID".
func goNames(message string) string { return rename(message, false) }

// goArguments does the same for the message of an error that the library found before it sent anything. Such a
// message may also name an argument, such as "channel_id: it is required, but NULL".
func goArguments(message string) string {
	for _, c := range [...][2]string{
		{"client: NULL, closed, or not a client of this library", "client: it is closed, or was not made by New"},
		{"but NULL", "but empty"},
		{"pass NULL", "pass nil"},
		{"body_json:", "body:"},
	} {
		message = strings.Replace(message, c[0], c[1], 1)
	}
	return rename(message, true)
}

// What may be a name in C: a member, or several words with underscores, which "option" may precede.
var cName = regexp.MustCompile(`\b(?:options|event|query|environment|webhook)\.[a-z_]+\b|\b(?:(?:the )?option )?[a-z]+(?:_[a-z]+)+\b`)

func rename(message string, arguments bool) string {
	return cName.ReplaceAllStringFunc(message, func(found string) string {
		if object, member, ok := strings.Cut(found, "."); ok {
			if object != "query" { // of several types
				object = goName(object)
			}
			return object + "." + goName(member)
		}
		name := found[strings.LastIndexByte(found, ' ')+1:]
		switch {
		case optionNames[name]:
			return "Options." + goName(name)
		case arguments && argumentNames[name]:
			return strings.ToLower(name[:1]) + goName(name)[1:]
		}
		return found
	})
}

// goName turns "max_retries" into "MaxRetries".
func goName(name string) string {
	var all strings.Builder
	for _, word := range strings.Split(name, "_") {
		if initials, ok := initialisms[word]; ok {
			all.WriteString(initials)
		} else if word != "" {
			all.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return all.String()
}

var (
	// Words that are not just capitalized. Durations have no unit in their names.
	initialisms = map[string]string{"api": "API", "ca": "CA", "http": "HTTP", "id": "ID", "ms": "", "otlp": "OTLP", "pem": "PEM", "url": "URL"}

	optionNames = set(`api_key tenant_id base_url timeout_ms max_retries fail_open queue_max_events queue_max_bytes
		delivery_timeout_ms max_connections http_version shutdown_timeout_ms block_timeout_ms spool_dir spool_max_bytes content_capture
		redact_keys max_content_length ca_file ca_pem user_agent otlp_endpoint otlp_headers otlp_batch_max_events
		otlp_batch_max_bytes otlp_batch_timeout_ms otlp_gzip`)

	argumentNames = set("app_id channel_id endpoint_id invitation_id invited_email org_id span_id trace_id user_id")
)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}
