/** Schemas of single values: what one string must look like, with a message that says what is allowed. */
import ipaddr from "ipaddr.js";
import { z } from "zod";

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** RFC 1123 label: names of namespaces, Servers, Models. */
export const dnsLabel = z.string().regex(LABEL, {
  error:
    "expected an RFC 1123 label: at most 63 lower-case letters, digits or '-', starting and ending with a letter or digit",
});

/** RFC 1123 subdomain: node names, DNS domains. */
export const dnsSubdomain = z
  .string()
  .max(253)
  .refine((value) => value.split(".").every((part) => LABEL.test(part)), {
    error: "expected an RFC 1123 subdomain: labels of lower-case letters, digits or '-', joined by dots",
  });

/** One IPv4 address in dotted-decimal form. */
export const ipAddress = z.string().refine((value) => ipaddr.IPv4.isValidFourPartDecimal(value), {
  error: "expected an IPv4 address such as 192.0.2.11",
});

/** An IPv4 range in CIDR notation, written by its network address. */
export const cidr = z.string().superRefine((value, context) => {
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(value) || !ipaddr.IPv4.isValidCIDR(value)) {
    const hint = ipaddr.IPv4.isValidFourPartDecimal(value) ? `. Did you mean "${value}/32"?` : "";
    context.addIssue({ code: "custom", message: `expected an IPv4 range such as 10.42.0.0/16${hint}` });
    return;
  }
  const network = `${ipaddr.IPv4.networkAddressFromCIDR(value).toString()}/${value.split("/")[1]}`;
  if (network !== value) {
    context.addIssue({
      code: "custom",
      message: `expected the network address of the range. Did you mean "${network}"?`,
    });
  }
});

const isPort = (text: string | undefined): boolean => Number(text) >= 1 && Number(text) <= 65535;

/** `host:port`, port 1 to 65535. */
export const hostPort = z
  .string()
  .refine((value) => isPort(/^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?:(\d{1,5})$/.exec(value)?.[2]), {
    error: "expected host:port with a port from 1 to 65535, such as kafka.example.com:9093",
  });

/** URL of an API server; the port is 443 when it is not named. */
export const httpsUrl = z.string().refine(
  (value) => {
    const match = /^https:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(?::(\d{1,5}))?$/.exec(value);
    return match !== null && (match[2] === undefined || isPort(match[2]));
  },
  { error: "expected an https URL without a path, such as https://192.0.2.11:6443" },
);

/** Kubernetes quantity of memory or CPU, more than zero. */
export const quantity = z.string().regex(/^(?=.*[1-9])\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, {
  error: "expected a Kubernetes quantity such as 512Mi, 1Gi or 500m",
});

/** Five-field cron expression as K3s reads it. */
export const cron = z.string().regex(/^(\S+ +){4}\S+$/, { error: "expected five cron fields, such as 0 */6 * * *" });

/** Name or IPv4 address of a machine. */
export const hostName = z.string().regex(/^[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?$/, {
  error: "expected a host name or an IPv4 address",
});

/** Types of SSH host keys that are spoken today (OpenSSH 9, x/crypto/ssh); `ssh-dss` is not. */
const HOST_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) ([A-Za-z0-9+/]{40,}={0,2})( \S.*)?$/;

/** A public SSH host key: type and base64, as in authorized_keys; a comment may follow. */
export const sshHostKey = z.string().superRefine((value, context) => {
  const [, type = "", , base64 = ""] = HOST_KEY.exec(value) ?? [];
  // The type stands again inside, after its length: a key that was cut or pasted over does not have it.
  if (
    type !== "" &&
    Buffer.from(base64, "base64")
      .subarray(4, 4 + type.length)
      .toString("latin1") === type
  )
    return;
  context.addIssue({
    code: "custom",
    message:
      'expected a public host key such as "ssh-ed25519 AAAA...": the first two words of a line of ssh-keyscan without the host name',
  });
});

/** SHA-256 in hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, {
  error: "expected a SHA-256: 64 lower-case hexadecimal digits (`npm run pin` computes it)",
});

/** URL of a file over https. */
export const httpsFile = z.string().regex(/^https:\/\/[^\s/]+\/[^\s]+$/, {
  error: "expected an https URL of a file, such as https://mirror.example.com/k3s/v1.33.8+k3s1/k3s",
});

/** Absolute path without spaces. */
export const absolutePath = z.string().regex(/^(\/[A-Za-z0-9._+-]+)+$/, {
  error: "expected an absolute path of letters, digits, dots, dashes and slashes, such as /opt/k3s",
});
