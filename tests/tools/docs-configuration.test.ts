import path from "node:path";
import { SECRET_KEYS, stackSchema } from "../../config/schema";
import { listStacks, readStackFile } from "../../config/stack-file";
import { keyRows, renderConfiguration } from "../../tools/docs-configuration";

const ROOT = path.resolve(__dirname, "../..");
const rows = keyRows();
const byKey = new Map(rows.map((row) => [row.key, row]));

/** A required section at its smallest, so that everything else is a default. */
const defaults = stackSchema.parse({
  cluster: {
    name: "example",
    kubeconfigFile: "kubeconfig.yaml",
    endpoint: "https://192.0.2.10:6443",
  },
  network: { nodeCidrs: ["192.0.2.0/24"] },
}) as Record<string, unknown>;

const at = (key: string): unknown =>
  key.split(".").reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], defaults);

/** Keys below a place of the reference that a value sets and the reference does not know. */
function unknownKeys(value: unknown, place: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unknownKeys(item, `${place}[]`));
  if (typeof value !== "object" || value === null) return [];
  const row = byKey.get(place.replace(/\[\]$/, ""));
  if (row?.allowed.includes("mapping of names to") === true && !byKey.has(`${place}.<name>`)) return [];
  const below = /Same keys as `([^`]+)`/.exec(row?.meaning ?? "")?.[1] ?? place;
  return Object.entries(value).flatMap(([name, child]) => {
    const key = `${below}.${name}`;
    return byKey.has(key) ? unknownKeys(child, key) : [`${place}.${name}`];
  });
}

describe("configuration reference", () => {
  it("says of every key what it means, what is allowed and what it is by default", () => {
    const bare = rows.filter(({ meaning, allowed, standard }) => [meaning, allowed, standard].includes(""));
    expect(bare).toEqual([]);
  });

  it("has no key twice", () => {
    expect(byKey.size).toBe(rows.length);
  });

  it("holds every section of the schema and every secret", () => {
    const page = renderConfiguration();
    const headings = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(headings).toEqual([...Object.keys(stackSchema.shape), "Secrets"]);
    for (const [key, meaning] of Object.entries(SECRET_KEYS)) expect(page).toContain(`| \`${key}\` | ${meaning} |`);
  });

  const plain = rows.filter(
    ({ key, standard }) => /^`.*`$/.test(standard) && at(key) !== undefined && !/[[<]/.test(key),
  );

  it.each(plain)("the default of $key is what parsing fills in", ({ key, standard }) => {
    const value = at(key);
    // A list or mapping of groups is filled in further by the groups' own defaults.
    if (typeof value === "object" && standard !== "`[]`" && standard !== "`{}`") {
      expect(value).toMatchObject(JSON.parse(standard.slice(1, -1)) as object);
    } else {
      expect(standard).toBe(`\`${typeof value === "string" ? value : JSON.stringify(value)}\``);
    }
  });

  it("says which keys are required, which are bounded and which are a choice", () => {
    expect(byKey.get("network.nodeCidrs")).toMatchObject({
      allowed: "list of: an IPv4 range such as 10.42.0.0/16, at least 1 item",
      standard: "required",
    });
    expect(byKey.get("validation.timeoutSeconds")).toMatchObject({
      allowed: "whole number, 10 to 3600",
      standard: "`300`",
    });
    expect(byKey.get("cni.mode")).toMatchObject({ allowed: "`live`, `window`", standard: "`live`" });
    expect(byKey.get("seldon.storage.remotes[].kind")?.allowed).toBe("`s3`, `minio`, `gcs`");
    expect(byKey.get("seldon.storage.remotes[].endpoint")?.meaning).toMatch(/^With kind `minio`: /);
  });

  const stacks = [ROOT, path.join(ROOT, "tests/stacks")].flatMap((folder) =>
    listStacks(folder).map((stack) => ({ stack, file: path.join(folder, `Pulumi.${stack}.yaml`) })),
  );

  it.each(stacks)("knows every key that stack $stack sets", ({ stack, file }) => {
    const { values } = readStackFile(ROOT, stack, file);
    const open = Object.entries(values).filter(([key]) => !(key in SECRET_KEYS));
    expect(open.filter(([key]) => !byKey.has(key))).toEqual([]);
    expect(open.flatMap(([key, value]) => unknownKeys(value, key))).toEqual([]);
  });

  it("would miss a key that is not there", () => {
    expect(unknownKeys({ pool: { cider: "10.42.128.0/17" } }, "calico")).toEqual(["calico.pool.cider"]);
  });
});
