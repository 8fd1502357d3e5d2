// Writes tests/templates/handlebars.json: each template of cases.js, the event, and what Handlebars makes of it
// with `noEscape` (its HTML escaping is of no use in JSON). Run it with: npm install && npm run record
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const Handlebars = require("handlebars");
const { event, same, other } = require("./cases.js");

const render = (template, document) => Handlebars.compile(template, { noEscape: true })(document);

const record = {
  handlebars: Handlebars.VERSION,
  event,
  same: Object.entries(same).map(([name, template]) => ({ name, template, output: render(template, event) })),
  other: Object.entries(other).map(([name, [template, data]]) => ({
    name,
    template,
    data,
    output: render(template, { data: JSON.parse(data) }),
  })),
};

const target = path.join(__dirname, "..", "..", "tests", "templates", "handlebars.json");
fs.writeFileSync(target, JSON.stringify(record, null, 2) + "\n");
console.log(`${record.same.length + record.other.length} templates recorded with Handlebars ${record.handlebars}`);
