// Templates in the manner of Apono's guides, written anew, one per target. `same` are promised to render to the
// same JSON in Hookwright; `other` are the cases in which it does something else on purpose (docs/templates.md).
"use strict";

const event = {
  event_type: "AccessRequestGranted",
  event_time: "1893456000.250000000",
  data: {
    id: "5f0c2f3e",
    friendly_id: "AR-207",
    requester: { id: "user-8", name: "Noa Field", email: "noa@example.com" },
    grantee: { id: "user-9", source_id: "okta-9", name: "Sam Rivers", type: "USER" },
    justification: "Rotate the read replica, ticket OPS-12 (50% done)",
    creation_date: 1893455100.5,
    revocation_date: 1893459600,
    access_duration_in_seconds: 3600,
    access_flow: { id: "flow-3", name: "On call" },
    access_bundle: { id: "bundle-2", name: "Read replicas" },
    access_groups: [
      {
        integration: { id: "int-1", type: "Postgresql", name: "orders db" },
        resource_types: [{ id: "postgresql-database", name: "Database", display_path: "Postgresql/Database" }],
        access_units: [
          {
            resource: { id: "res-1", name: "orders", path: "orders db/orders", type: { id: "t-1", name: "Database" } },
            permission: { id: "p-1", name: "READ_ONLY" },
          },
          {
            resource: { id: "res-2", name: "stock", path: "orders db/stock", type: { id: "t-1", name: "Database" } },
            permission: { id: "p-2", name: "READ_WRITE" },
          },
        ],
      },
      { integration: { id: "int-2", type: "Kubernetes", name: "söuth cluster" }, resource_types: [], access_units: [] },
    ],
    approvals_logical_relation: "AnyOf",
    approvals: [
      { name: "Managers", type: "USER", status: "Approved", approver: { id: "user-1", name: "Ada", email: "ada@example.com" } },
    ],
  },
};

// The whole request as JSON inside a JSON string, its quotes escaped by hand, as the guides for log targets have it.
const escaped = [
  '{\\"event_type\\": \\"{{event_type}}\\"',
  '\\"event_time\\": \\"{{event_time}}\\"',
  '\\"id\\": \\"{{data.id}}\\"',
  '\\"friendly_id\\": \\"{{data.friendly_id}}\\"',
  '\\"requester_id\\": \\"{{data.requester.id}}\\"',
  '\\"requester_name\\": \\"{{data.requester.name}}\\"',
  '\\"requester_email\\": \\"{{data.requester.email}}\\"',
  '\\"justification\\": \\"{{data.justification}}\\"',
  '\\"creation_date\\": \\"{{data.creation_date}}\\"',
  '\\"access_flow_id\\": \\"{{data.access_flow.id}}\\"',
  '\\"access_flow_name\\": \\"{{data.access_flow.name}}\\"',
  '\\"access_bundle_id\\": \\"{{data.access_bundle.id}}\\"',
  '\\"access_bundle_name\\": \\"{{data.access_bundle.name}}\\"',
  '\\"integration_name\\": \\"{{data.access_groups.[0].integration.name}}\\"',
  '\\"integration_type\\": \\"{{data.access_groups.[0].integration.type}}\\"}',
].join(", ");

const same = {
  "Teams adaptive card": `{
  "type": "message",
  "attachments": [
    {
      "contentType": "application/vnd.microsoft.card.adaptive",
      "content": {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.2",
        "body": [
          {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "text": "{{event_type}}: {{data.requester.name}}"},
          {"type": "FactSet", "facts": [
            {"title": "Request", "value": "{{ data.friendly_id }}"},
            {"title": "Integration", "value": "{{data.access_groups.[0].integration.name}}"},
            {"title": "Why", "value": "{{data.justification}}"}
          ]}
        ]
      }
    }
  ]
}`,
  "ServiceNow incident": `{
  "caused_by": "{{data.requester.name}}",
  "short_description": "{{data.access_groups.[0].integration.name}}",
  "cause": "{{event_type}}",
  "description": "${escaped}"
}`,
  "Datadog logs": `[
  {
    "ddsource": "apono",
    "ddtags": "env:prod,flow:{{data.access_flow.name}}",
    "hostname": "apono",
    "message": "${escaped}",
    "alert_type": "info",
    "service": "apono"
  }
]`,
  "Logz.io": `{"message": "${escaped}", "type": "Apono"}`,
  "Coralogix": `{"alias": "apono-webhook", "integration_type_fields": "${escaped}"}`,
  "Grafana incident": `{
  "title": "{{event_type}} by {{ data.requester.name }}",
  "message": {"shortMessage": "${escaped}"}
}`,
  "Okta Workflows": `{
  "fields": {
    "event_type": "{{ event_type }}",
    "event_time": "{{ event_time }}",
    "requestor_email": "{{ data.requester.email }}",
    "integration_name": "{{ data.access_groups.[0].[integration].name }}",
    "resource_type": "{{ data.access_groups.[0].resource_types.[0].name }}",
    "resource": "{{ data.access_groups.[0].access_units.[0].resource.name }}"
  }
}`,
  "Torq": `{"body": {"event": "{{event_type}} was sent for {{data.requester.name}}"}}`,
  "Slack": `{"text": "*{{event_type}}* {{data.friendly_id}} ({{data.requester.email}})"}`,
  "a number inside a string": `{"text": "{{data.access_duration_in_seconds}} s until {{data.revocation_date}}"}`,
  "a fraction inside a string": `{"text": "{{data.creation_date}}"}`,
  "a number outside strings": `{"seconds": {{data.access_duration_in_seconds}} }`,
  "no blanks, many blanks": `{"a": "{{data.id}}", "b": "{{   data.id   }}"}`,
  "an index without brackets": `{"name": "{{data.access_groups.0.integration.name}}"}`,
  "the second group": `{"name": "{{data.access_groups.[1].integration.name}}"}`,
  "a bracketed name": `{"name": "{{data.[requester].[email]}}"}`,
  "a field in a field's name": `{"{{data.friendly_id}}": 1}`,
  "JSON in a string in a string": `{"a": "{\\"b\\": \\"{\\\\\\"c\\\\\\": \\\\\\"{{data.id}}\\\\\\"}\\"}"}`,
  "square brackets in a title": `{"title": "[{{event_type}}] {{data.friendly_id}}"}`,
  "no expression": `{"event": "Manual trigger", "fields": {"severity": "INFO"}}`,
};

// The data is JSON text, so that `1.0` stays `1.0` until each engine reads it.
const other = {
  "a missing field": [`{"a": "{{data.nothing}}"}`, `{}`],
  "a quote in a value": [`{"a": "{{data.value}}"}`, `{"value": "say \\"no\\""}`],
  "a quote in JSON in a string": [`{"a": "{\\"b\\": \\"{{data.value}}\\"}"}`, `{"value": "say \\"no\\""}`],
  "a line break in a value": [`{"a": "{{data.value}}"}`, `{"value": "one\\ntwo"}`],
  "true in a string": [`{"a": "{{data.value}}"}`, `{"value": true}`],
  "null in a string": [`{"a": "{{data.value}}"}`, `{"value": null}`],
  "1.0 in a string": [`{"a": "{{data.value}}"}`, `{"value": 1.0}`],
  "a list in a string": [`{"a": "{{data.value}}"}`, `{"value": ["x", "y"]}`],
  "an object in a string": [`{"a": "{{data.value}}"}`, `{"value": {"x": 1}}`],
  "a string outside strings": [`{"a": {{data.value}} }`, `{"value": "x"}`],
  "a list outside strings": [`{"a": {{data.value}} }`, `{"value": [1, 2]}`],
  "an object outside strings": [`{"a": {{data.value}} }`, `{"value": {"x": 1}}`],
  "null outside strings": [`{"a": {{data.value}} }`, `{"value": null}`],
};

module.exports = { event, same, other };
