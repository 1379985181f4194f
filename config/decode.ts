/**
 * The value behind one top-level key as the program sees it: the engine passes objects, numbers and booleans as JSON,
 * strings as they are. `pulumi config set` also rewrites `protect: false` to `protect: "false"`, which means the same.
 */
export function decodeValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
