// npm's OAuth server with two clients. Each must show the secret in its own one of the two ways of RFC 6749, 2.3.1.
import { randomUUID } from "node:crypto";
import { OAuth2Server } from "oauth2-mock-server";

const [port, secret, ...scopes] = process.argv.slice(2);
const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");

server.service.on("beforeTokenSigning", (token) => {
  token.payload.jti = randomUUID();
});
server.service.on("beforeResponse", (response, request) => {
  const refuse = (statusCode, error) => Object.assign(response, { statusCode, body: { error } });
  if (!isKnown(request.headers.authorization, request.body)) refuse(401, "invalid_client");
  else if (request.body.scope && !scopes.includes(request.body.scope)) refuse(400, "invalid_scope");
});
await server.start(Number(port), "127.0.0.1");

function isKnown(header, form) {
  if (!header) return form.client_id === "client-7" && form.client_secret === secret;
  const text = Buffer.from(header.replace(/^Basic /, ""), "base64").toString();
  const pair = text.split(":").map((part) => decodeURIComponent(part.replaceAll("+", " ")));
  return pair[0] === "client-8" && pair[1] === secret && !("client_secret" in form);
}
