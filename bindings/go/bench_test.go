package axonpush_test

import (
	"encoding/json"
	"sort"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
	"github.com/axonpush/libaxonpush/bindings/go/internal/cloop"
)

// 256 bytes, as in the library's own benchmarks.
const benchPayload = `{"step":17,"model":"gpt-4o-mini","latency_ms":1834.25,"cached":false,` +
	`"usage":{"tokens_in":812,"tokens_out":164},"tags":["bench","worker-3"],` +
	`"note":"Reserved 3 of 4 lines; line 2 waits for the warehouse in Rotterdam to confirm its stock until nine o'clock"}`

type benchEvent struct {
	Step      int     `json:"step"`
	Model     string  `json:"model"`
	LatencyMs float64 `json:"latency_ms"`
	Cached    bool    `json:"cached"`
	Usage     struct {
		In  int `json:"tokens_in"`
		Out int `json:"tokens_out"`
	} `json:"usage"`
	Tags []string `json:"tags"`
	Note string   `json:"note"`
}

// BenchmarkPublishAsync is what one call costs its caller, beside a loop of plain C in the same process,
// in turns of a thousand events each: ns/op is Go's, C-ns/op is C's, over-C-ns/op the difference (medians of
// all turns). "queue": nobody listens, so that nothing else runs meanwhile; "server": events are being
// delivered to the development server meanwhile, on the same processors.
func BenchmarkPublishAsync(b *testing.B) {
	must(b, axonpush.SetLogger(axonpush.LogOff, nil))
	defer axonpush.SetLogger(axonpush.LogWarn, nil)
	var structured benchEvent
	must(b, json.Unmarshal([]byte(benchPayload), &structured))
	raw := json.RawMessage(benchPayload)
	ignore := func(axonpush.Result) {}
	for _, c := range []struct {
		name    string
		payload any
		done    func(axonpush.Result)
	}{
		{"raw", raw, nil},
		{"raw,callback", raw, ignore},
		{"struct", &structured, nil},
	} {
		b.Run("queue/"+c.name, func(b *testing.B) { benchmark(b, deadURL(b), false, c.payload, c.done) })
		b.Run("server/"+c.name, func(b *testing.B) { benchmark(b, newServer(b).url, true, c.payload, c.done) })
	}
}

func benchmark(b *testing.B, url string, delivers bool, payload any, done func(axonpush.Result)) {
	const turn = 1000
	event := axonpush.Event{
		Identifier: "checkout.reserve_stock", Payload: payload, ChannelID: "ch_01J9Z3K8Q4T7", EventType: "agent.tool_call.end",
	}
	open := func() (*cloop.Client, *axonpush.Client) {
		client, err := axonpush.New(axonpush.Options{
			APIKey: "ak_bench", BaseURL: url, FailOpen: axonpush.Disabled, QueueMaxEvents: 2000000,
			QueueMaxBytes: 2000000000, ShutdownTimeout: time.Millisecond, Proxy: axonpush.NoProxy,
		})
		must(b, err)
		return cloop.New(url, benchPayload), client
	}
	inC, inGo := open()
	var c, g []float64
	for n := -turn; n < b.N; n += turn { // the first turn is for warming up
		took, err := inC.Publish(turn, done != nil)
		must(b, err)
		if delivers {
			must(b, inC.Flush())
		}
		start := time.Now()
		for i := 0; i < turn; i++ {
			if err := inGo.Events.PublishAsync(background, event, done); err != nil {
				b.Fatal(err)
			}
		}
		tookGo := time.Since(start)
		if delivers {
			must(b, inGo.Flush(background))
		}
		if n >= 0 || b.N <= turn {
			c = append(c, float64(took.Nanoseconds())/turn)
			g = append(g, float64(tookGo.Nanoseconds())/turn)
		}
		if !delivers && n%(20*turn) == 0 { // or memory would grow
			inC.Close()
			inGo.Close()
			inC, inGo = open()
		}
	}
	inC.Close()
	inGo.Close()
	b.ReportMetric(median(g), "ns/op")
	b.ReportMetric(median(c), "C-ns/op")
	b.ReportMetric(median(g)-median(c), "over-C-ns/op")
}

func median(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/2]
}

// BenchmarkMarshal is the part of the struct's cost that is encoding/json's.
func BenchmarkMarshal(b *testing.B) {
	var structured benchEvent
	must(b, json.Unmarshal([]byte(benchPayload), &structured))
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if _, err := json.Marshal(&structured); err != nil {
			b.Fatal(err)
		}
	}
}
