// Sends one group of alerts by Alertmanager's own webhook notifier: alertmanager URL < a JSON array of alerts.
// Theirs: the notifier, its HTTP client, the message that it makes of the alerts. Ours: the alerts and their group.
package main

import (
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"net/url"
	"os"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v2"
)

func main() {
	var given []model.Alert
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	var alerts []*alert.Alert
	for _, each := range given {
		alerts = append(alerts, &alert.Alert{Alert: each})
	}
	config := &webhook.WebhookConfig{}
	if err := yaml.Unmarshal([]byte("{url: '"+os.Args[1]+"', http_config: {}}"), config); err != nil {
		log.Fatal(err)
	}
	written, err := template.FromGlobs(nil)
	if err != nil {
		log.Fatal(err)
	}
	written.ExternalURL = &url.URL{Scheme: "http", Host: "alertmanager.example.com"}
	notifier, err := webhook.New(config, written, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		log.Fatal(err)
	}
	ctx := notify.WithGroupKey(context.Background(), `{}:{alertname="TargetDown"}`)
	ctx = notify.WithGroupLabels(ctx, model.LabelSet{"alertname": "TargetDown"})
	ctx = notify.WithReceiverName(ctx, "hookwright")
	if verdict := notifier.Notify(ctx, alerts...); verdict.Err() != nil {
		log.Fatal(verdict.Err())
	}
}
