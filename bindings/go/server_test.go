package axonpush_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

var background = context.Background()

// TestMain gives the examples a development server and a key by the environment, as a user would. Tests
// start one of their own each.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AXONPUSH_") && name != "AXONPUSH_DEV_SERVER" {
			os.Unsetenv(name)
		}
	}
	url, stop, err := startServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests need the development server; AXONPUSH_DEV_SERVER says where it is:", err)
		os.Exit(1)
	}
	os.Setenv("AXONPUSH_BASE_URL", url)
	os.Setenv("AXONPUSH_API_KEY", "ak_examples")
	code := m.Run()
	stop()
	os.Exit(code)
}

func startServer(arguments ...string) (url string, stop func(), err error) {
	built, err := exec.Command("../../tests/built", "server").Output()
	if err != nil {
		return "", nil, err
	}
	program := strings.TrimSpace(string(built))
	command := exec.Command(program, append([]string{"--listen", "127.0.0.1:0"}, arguments...)...)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, fmt.Errorf("%s did not start: %w", program, err)
	}
	stop = func() {
		command.Process.Kill()
		command.Wait()
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on ")), stop, nil
}

// server is a development server.
type server struct {
	t   testing.TB
	url string
}

func newServer(t testing.TB, arguments ...string) server {
	t.Helper()
	url, stop, err := startServer(arguments...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return server{t, url}
}

// client is a strict client of the server, closed at the end of the test.
func (s server) client(change ...func(*axonpush.Options)) *axonpush.Client {
	s.t.Helper()
	return newClient(s.t, s.url, change...)
}

func newClient(t testing.TB, url string, change ...func(*axonpush.Options)) *axonpush.Client {
	t.Helper()
	options := axonpush.Options{APIKey: "ak_test", BaseURL: url, FailOpen: axonpush.Disabled, MaxRetries: axonpush.NoRetries}
	for _, c := range change {
		c(&options)
	}
	client, err := axonpush.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func failOpen(o *axonpush.Options) { o.FailOpen = axonpush.Enabled }

func hurry(o *axonpush.Options) { o.ShutdownTimeout = 100 * time.Millisecond }

// fault adds faults, as JSON.
func (s server) fault(faults string) {
	s.t.Helper()
	s.control(http.MethodPost, "/_dev/faults", faults, nil)
}

func (s server) noFaults() { s.control(http.MethodDelete, "/_dev/faults", "", nil) }

// requests are those that the server has seen.
func (s server) requests() []recorded {
	s.t.Helper()
	var response struct{ Requests []recorded }
	s.control(http.MethodGet, "/_dev/requests", "", &response)
	return response.Requests
}

type recorded struct {
	Method, Target, Body, Outcome string
	Headers                       [][2]string
}

func (r recorded) header(name string) string {
	for _, header := range r.Headers {
		if header[0] == strings.ToLower(name) {
			return header[1]
		}
	}
	return ""
}

func (s server) stored() int {
	s.t.Helper()
	var stats struct{ StoredEvents int }
	s.control(http.MethodGet, "/_dev/stats", "", &stats)
	return stats.StoredEvents
}

func (s server) control(method, path, body string, out any) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Close = true // no goroutines that wait for a next request
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// deadURL is where nobody listens.
func deadURL(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// eventually waits for a condition, for up to ten seconds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// must ends the test where an error is.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func event(n int) axonpush.Event {
	return axonpush.Event{Identifier: "test", Payload: map[string]int{"n": n}}
}
