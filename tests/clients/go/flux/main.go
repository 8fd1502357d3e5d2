// Sends one event as Flux's generic provider does: flux URL < a JSON event.
// Theirs: the type of the event, which decides its JSON, and the HTTP client. Ours: the call, since the provider
// itself is internal to notification-controller, and the event.
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"

	eventv1 "github.com/fluxcd/pkg/apis/event/v1beta1"
	"github.com/hashicorp/go-retryablehttp"
)

func main() {
	var event eventv1.Event
	if err := json.NewDecoder(os.Stdin).Decode(&event); err != nil {
		log.Fatal(err)
	}
	body, err := json.Marshal(event)
	if err != nil {
		log.Fatal(err)
	}
	request, err := retryablehttp.NewRequest("POST", os.Args[1], body)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Gotk-Component", event.ReportingController)
	client := retryablehttp.NewClient()
	client.Logger = nil
	answer, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		log.Fatal(err)
	}
}
