/** Keeps credentials out of evidence: what a log line or a proxy's URL may hold by accident. Pure. */

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // user:password@ in a URL
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, "$1[secret]@"],
  // Authorization headers and bare bearer tokens
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, "$1 [secret]"],
  // key=value and "key": "value" of names that hold secrets
  [
    /(["']?[\w.-]*(?:password|passwd|secret[_-]?(?:access[_-]?)?key|access[_-]?key|token|api[_-]?key)["']?\s*[=:]\s*)(?:\\?"[^"\\]*\\?"|'[^']*'|[^\s,;&"'}]+)/gi,
    "$1[secret]",
  ],
  // JSON web tokens
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, "[secret]"],
];

/** The text with everything that looks like a credential replaced by `[secret]`. */
export const redact = (text: string): string =>
  PATTERNS.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), text);
