/** Whether a pull request says what it changes for users. Pure. */
import { CHANGES } from "./folder";

/** What users have: everything but documentation, tests, and what this repository itself needs. */
const PRODUCT: readonly RegExp[] = [
  /^(checks|components|config|delivery|hosts|inprocess|policy-pack|rollout|sandbox|ssh|tools)\//,
  /^(index\.ts|Pulumi\.yaml|package\.json|\.ci\/deliver)$/,
];

/** A line of a commit message by which its author says that users notice nothing. */
const MARKER = /^Changelog: none$/im;

export interface PullRequest {
  /** Paths that differ, as `git diff --name-status` gives them: `A`, `M`, `D` and the path. */
  readonly changed: readonly { readonly status: string; readonly path: string }[];
  /** Messages of its commits. */
  readonly messages: readonly string[];
}

/** What is missing; undefined where nothing is. */
export function missingChange({ changed, messages }: PullRequest): string | undefined {
  const product = changed.map(({ path }) => path).filter((path) => PRODUCT.some((pattern) => pattern.test(path)));
  if (product.length === 0 || messages.some((message) => MARKER.test(message))) return undefined;
  const told = changed.some(({ status, path }) => status !== "D" && path.startsWith(`${CHANGES}/`));
  // A release takes the changes away and writes them there.
  if (told || changed.some(({ path }) => path === "CHANGELOG.md")) return undefined;
  const some = product.slice(0, 3).join(", ") + (product.length > 3 ? ` and ${product.length - 3} more` : "");
  return (
    `${some} changed, and no file of ${CHANGES}/ says what users notice; add one (${CHANGES}/README.md says how), ` +
    'or, where they notice nothing, end a commit message with the line "Changelog: none"'
  );
}
