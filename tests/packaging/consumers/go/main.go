// Publishes an event and lists it. Configured by the environment.
package main

import (
	"context"
	"fmt"
	"log"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func main() {
	client, err := axonpush.New(axonpush.Options{FailOpen: axonpush.Disabled})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	event := axonpush.Event{Identifier: "consumer", ChannelID: "packaging", Payload: map[string]any{"n": 42}}
	if _, err := client.Events.Publish(ctx, event); err != nil {
		log.Fatal(err)
	}
	listed, err := client.Events.List(ctx, "packaging", nil)
	if err != nil {
		log.Fatal(err)
	}
	n, _ := listed.Int("/events/0/payload/n")
	fmt.Printf("listed %d, n = %d, library %s\n", len(listed.Events()), n, axonpush.LibraryVersion())
}
