/** Certificates for tests, made by openssl for as long as the test runs. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether there is an openssl. */
export const openssl = spawnSync("openssl", ["version"]).status === 0;

/** A key and a certificate, signed by itself, for a DNS name; empty without openssl. */
export function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  if (!openssl) return { key: "", cert: "" };
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", cert];
    const { status, stderr } = spawnSync("openssl", [...words, ...subject], { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl: ${stderr}`);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
