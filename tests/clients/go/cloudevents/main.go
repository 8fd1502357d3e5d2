// Sends CloudEvents by the Go SDK: cloudevents MODE URL < a JSON array of events.
// Theirs: the events, their encoding, the client, its transport. Ours: reading stdin, and a line for each answer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	ce "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// told prints the answer of every request that goes through.
type told struct{ http.RoundTripper }

func (t told) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(map[string]any{"status": answer.StatusCode, "body": string(body)})
	fmt.Println(string(line))
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, err
}

func main() {
	mode, url := os.Args[1], os.Args[2]
	var events []ce.Event
	if err := json.NewDecoder(os.Stdin).Decode(&events); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if mode == "batched" {
		request, err := cehttp.NewHTTPRequestFromEvents(ctx, url, events)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := (told{http.DefaultTransport}).RoundTrip(request); err != nil {
			log.Fatal(err)
		}
		return
	}
	client, err := ce.NewClientHTTP(ce.WithTarget(url), cehttp.WithRoundTripper(told{http.DefaultTransport}))
	if err != nil {
		log.Fatal(err)
	}
	encoded := map[string]func(context.Context) context.Context{
		"binary": ce.WithEncodingBinary, "structured": ce.WithEncodingStructured,
	}[mode](ctx)
	for _, event := range events {
		client.Send(encoded, event) // its result is that of the status, which is printed
	}
}
