/** What the pull Secret holds. Pure. */
import { SECRET_PLACEHOLDER } from "../../config/stack-file";

/** A configuration without any registry: what a plan has in the place of the real one. */
const EMPTY = JSON.stringify({ auths: {} });

const isMapping = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The content as the API server takes it. It is parsed here, because the API server would say no in the middle of a deployment
 * and hide what it found.
 *
 * @throws Error that names no part of the content.
 */
export function dockerConfigJson(content: string): string {
  if (content === SECRET_PLACEHOLDER) return EMPTY;
  let auths: unknown;
  try {
    auths = (JSON.parse(content) as { auths?: unknown } | null)?.auths;
  } catch {
    auths = undefined;
  }
  if (isMapping(auths)) return content;
  throw new Error(
    "calicoPullSecret: is no content of a .dockerconfigjson; got a text that is not shown; " +
      'allowed: JSON with the mapping auths, as in {"auths":{"registry.example.com":{"auth":"..."}}}; ' +
      "fix: pulumi config set --secret calicoPullSecret < config.json, the file that `docker login` writes",
  );
}
