/** Keeps credentials out of evidence: what a log line or a proxy's URL may hold by accident. Pure. */

/** Ends of names whose value is a secret, as settings, variables, flags and JSON have them. */
const NAME =
  "[\\w.-]*(?:password|passwd|passphrase|secret[_-]?(?:access[_-]?)?key|access[_-]?key|private[_-]?key|client[_-]?key[_-]?data|token|api[_-]?key|dockerconfigjson)";
/** A quote, also one inside a quoted text. */
const QUOTE = `(?:\\\\*["'])?`;
const VALUE = `(?:\\\\*"[^"\\\\]*\\\\*"|'[^']*'|[^\\s,;&"'}]+)`;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // PEM; without its end where the text was cut
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, "[secret]"],
  // user:password@ in a URL
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi, "$1[secret]@"],
  // Authorization headers and bare bearer tokens
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, "$1 [secret]"],
  // tokens of K3s with the hash of the cluster's authority
  [/\bK10[0-9a-f]{8,}::[^\s"',}\\]+/g, "[secret]"],
  // key=value and "key": "value" of names that hold secrets
  [new RegExp(`(${QUOTE}${NAME}${QUOTE}\\s*[=:]\\s*)${VALUE}`, "gi"), "$1[secret]"],
  // --key value
  [new RegExp(`((?:^|[\\s"'])--?${NAME}\\s+)(?!-)${VALUE}`, "gi"), "$1[secret]"],
  // "auth": "..." of a registry's credentials
  [/(\\*["']_?auth\\*["']\s*:\s*\\*["'])[A-Za-z0-9+/=_-]+/gi, "$1[secret]"],
  // JSON web tokens
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, "[secret]"],
];

const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const KEY_ENDS = /-----END [A-Z0-9 ]*PRIVATE KEY-----/;

/** {@link redact} for a text that comes line by line: a private key is hidden from its first line to its last. */
export function lineRedactor(): (line: string) => string {
  let inKey = false;
  return (line) => {
    const hidden = inKey;
    inKey = KEY_ENDS.test(line) ? false : inKey || KEY_BEGINS.test(line);
    return hidden ? "[secret]" : redact(line);
  };
}

/** The text with everything that looks like a credential replaced by `[secret]`. */
export const redact = (text: string): string =>
  PATTERNS.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), text);
