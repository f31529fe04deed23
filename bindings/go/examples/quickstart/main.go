// Command quickstart publishes an event, at once and in the background, and reads both back.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func main() {
	// The AXONPUSH_… variables supply what is not set here.
	client, err := axonpush.New(axonpush.Options{
		FailOpen: axonpush.Disabled, // make an unreachable service an error
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close() // delivers queued events

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	response, err := client.Events.Publish(ctx, axonpush.Event{
		Identifier: "hello",
		ChannelID:  "quickstart",
		Payload:    map[string]any{"greeting": "hello from Go", "answer": 42},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("published", response.EventID())

	err = client.Events.PublishAsync(ctx, axonpush.Event{
		Identifier: "hello",
		ChannelID:  "quickstart",
		Payload:    map[string]any{"greeting": "hello from the background"},
	}, func(r axonpush.Result) {
		fmt.Println("delivered", r.Response.EventID(), r.Err)
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Flush(ctx); err != nil {
		log.Fatal(err)
	}

	page, err := client.Events.List(ctx, "quickstart", &axonpush.EventQuery{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range page.Events() {
		fmt.Printf("%s %s\n", event.CreatedAt.Format(time.RFC3339), event.Payload)
	}
}
