import { Env } from "../../../checks/evidence/env";
import { redact } from "../../../checks/evidence/redact";

describe("Env", () => {
  it("takes the last of several values and expands earlier variables", () => {
    const env = Env.of({
      env: [
        { name: "MLSERVER_GRPC_PORT", value: "8081" },
        { name: "MLSERVER_HTTP_PORT", value: "9000" },
        { name: "SELDON_SERVER_HTTP_PORT", value: "$(MLSERVER_HTTP_PORT)" },
        { name: "SELDON_SERVER_GRPC_PORT", value: "$(UNKNOWN)" },
        { name: "MLSERVER_GRPC_PORT", value: "9500" },
      ],
    });
    expect(env.port("MLSERVER_GRPC_PORT", 8081)).toBe(9500);
    expect(env.show("MLSERVER_GRPC_PORT")).toBe("MLSERVER_GRPC_PORT=9500 (stands 2 times; the last one counts)");
    expect(env.text("SELDON_SERVER_HTTP_PORT")).toBe("9000");
    expect(env.text("SELDON_SERVER_GRPC_PORT")).toBe("$(UNKNOWN)");
  });

  it("says the default where nothing is set, and nothing where nobody can know", () => {
    expect(Env.of({}).port("MLSERVER_GRPC_PORT", 8081)).toBe(8081);
    expect(Env.of({ envFrom: [{ configMapRef: { name: "ports" } }] }).port("MLSERVER_GRPC_PORT", 8081)).toBeUndefined();
    const secret = Env.of({ env: [{ name: "MLSERVER_GRPC_PORT", valueFrom: { secretKeyRef: { name: "s" } } }] });
    expect(secret.port("MLSERVER_GRPC_PORT", 8081)).toBeUndefined();
    expect(secret.show("MLSERVER_GRPC_PORT")).toBe("MLSERVER_GRPC_PORT=(from Secret s)");
    expect(
      Env.of({ env: [{ name: "MLSERVER_GRPC_PORT", value: "tcp://10.43.0.1:1" }] }).port("MLSERVER_GRPC_PORT", 8081),
    ).toBeUndefined();
  });

  it("keeps only what a rule reads, without credentials", () => {
    const env = Env.of({
      env: [
        { name: "AWS_SECRET_ACCESS_KEY", value: "wJalrXUtnFEMI" },
        { name: "https_proxy", value: "http://bob:hunter2@proxy:3128" },
      ],
    });
    expect(env.names).toEqual(["https_proxy"]);
    expect(env.text("https_proxy")).toBe("http://[secret]@proxy:3128");
  });
});

describe("redact", () => {
  it.each([
    ["GET http://u:p@host/x", "GET http://[secret]@host/x"],
    ["Authorization: Bearer abcdefgh12345", "Authorization: Bearer [secret]"],
    ['"secret_access_key": "abc/def"', '"secret_access_key": [secret]'],
    ["password=hunter2&x=1", "password=[secret]&x=1"],
    ["token: eyJhbGciOi.J9aaaaaaaaaa.sig", "token: [secret]"],
    ["saw eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln there", "saw [secret] there"],
  ])("%s", (text, expected) => expect(redact(text)).toBe(expected));

  it.each(["dial tcp 10.43.0.20:9005: i/o timeout", "http://0.0.0.0:9500", "SELDON_SERVER_GRPC_PORT=9500"])(
    "leaves %s",
    (text) => expect(redact(text)).toBe(text),
  );
});
