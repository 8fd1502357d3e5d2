// A target of Node's https: target.js CERT LOG. Its paths name what is odd in the answer.
const fs = require("fs");
const https = require("https");

const [cert, log] = process.argv.slice(2);
const pem = fs.readFileSync(cert);

function answer(path, response) {
  response.setHeader("Content-Type", "application/json");
  if (path === "/early") {
    response.writeProcessing();
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
  }
  if (path === "/trailer") response.setHeader("Trailer", "Checksum");
  if (path === "/close") response.setHeader("Connection", "close");
  if (path === "/empty") return response.writeHead(204).end();
  if (path === "/until-end") response.removeHeader("Transfer-Encoding");
  if (!["/chunked", "/trailer", "/until-end"].includes(path)) return response.end('{"state":"taken"}');
  response.write('{"state":');
  if (path === "/trailer") response.addTrailers({ Checksum: "abc" });
  return response.end('"taken"}');
}

const server = https.createServer({ key: pem, cert: pem }, async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const { method, url: path, headers, socket } = request;
  const line = {
    method, path, headers, body: Buffer.concat(parts).toString(),
    peer: `${socket.remoteAddress}:${socket.remotePort}`, proto: `HTTP/${request.httpVersion}`,
  };
  fs.appendFileSync(log, JSON.stringify(line) + "\n");
  answer(path, response);
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port }).replace(":", ": ")));
