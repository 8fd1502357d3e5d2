// Sends CloudEvents by the JavaScript SDK: sender.js MODE URL < a JSON array of events.
// Theirs: the events, their encoding, the HTTP transport. Ours: reading stdin, and a line for each answer.
const { CloudEvent, Mode, emitterFor, httpTransport } = require("cloudevents");

async function main() {
  const [mode, url] = process.argv.slice(2);
  const emit = emitterFor(httpTransport(url), { mode: mode === "binary" ? Mode.BINARY : Mode.STRUCTURED });
  for (const event of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    const answer = await emit(new CloudEvent(event));
    console.log(JSON.stringify({ body: answer.body }));
  }
}

main();
