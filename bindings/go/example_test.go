package axonpush_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

// The examples find the service by AXONPUSH_BASE_URL and AXONPUSH_API_KEY.

func Example() {
	client, err := axonpush.New(axonpush.Options{FailOpen: axonpush.Disabled})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	if _, err := client.Events.Publish(ctx, axonpush.Event{
		Identifier: "order.reserved",
		ChannelID:  "orders",
		Payload:    map[string]any{"order": 4711, "lines": 3},
	}); err != nil {
		log.Fatal(err)
	}

	page, err := client.Events.List(ctx, "orders", &axonpush.EventQuery{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range page.Events() {
		fmt.Printf("%s %s\n", event.EventType, event.Payload)
	}
	// Output: custom {"lines":3,"order":4711}
}

func ExampleEvents_PublishAsync() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for step := 1; step <= 3; step++ {
		step := step
		err := client.Events.PublishAsync(ctx, axonpush.Event{
			Identifier: "step",
			Payload:    map[string]any{"step": step},
		}, func(r axonpush.Result) {
			if r.Err != nil {
				log.Printf("step %d: %v", step, r.Err)
			}
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := client.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	stats, err := client.Stats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Accepted, "accepted,", stats.Delivered, "delivered")
	// A program of Go ends without the exit handlers of C: without this, events that wait are lost.
	if err := client.Close(); err != nil {
		log.Print(err)
	}
	// Output: 3 accepted, 3 delivered
}

func ExampleEvents_PublishChan() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	result, err := client.Events.PublishChan(context.Background(), axonpush.Event{
		Identifier: "step",
		Payload:    map[string]any{"step": 1},
	})
	if err != nil {
		log.Fatal(err)
	}
	r := <-result
	fmt.Println(r.Response.String("/status"), r.Err)
	// Output: accepted <nil>
}

func ExampleError() {
	client, err := axonpush.New(axonpush.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Request(context.Background(), axonpush.Request{Method: "GET", Path: "/apps/nothing"})
	var failure *axonpush.Error
	switch {
	case errors.Is(err, axonpush.ErrNotFound):
		fmt.Println("there is no such app")
	case errors.As(err, &failure) && failure.Retryable:
		fmt.Println("try again in", failure.RetryAfter)
	}
	// Output: there is no such app
}

func ExampleClient_Request() {
	client, err := axonpush.New(axonpush.Options{TenantID: "an example"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	response, err := client.Request(context.Background(), axonpush.Request{
		Method: "POST",
		Path:   "/apps",
		Body:   map[string]string{"name": "shop"},
	})
	if err != nil {
		log.Fatal(err)
	}
	var app struct{ Name string }
	if err := response.Decode(&app); err != nil {
		log.Fatal(err)
	}
	fmt.Println(app.Name)
	// Output: shop
}

func ExampleSetLogger() {
	err := axonpush.SetLogger(axonpush.LogWarn, func(level axonpush.LogLevel, message string) {
		log.Printf("axonpush: %v: %s", level, message)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Back to stderr.
	if err := axonpush.SetLogger(axonpush.LogWarn, nil); err != nil {
		log.Fatal(err)
	}
	// Output:
}
