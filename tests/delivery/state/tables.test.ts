import fc from "fast-check";
import { BACKENDS } from "../../../delivery/state/backends";
import { PROVIDERS } from "../../../delivery/state/providers";
import { isTemplate, shown, type Step } from "../../../delivery/state/step";
import { chooseBackend, chooseProvider, openPart } from "../../../delivery/state/urls";

const PROJECT = "/work/project";
const AWS = { AWS_REGION: "eu-central-1" };

describe("a backend", () => {
  test.each([
    ["file:///var/lib/pulumi", "files"],
    ["file://~/state", "files"],
    ["s3://my-state?region=eu-central-1", "S3 and compatible"],
    ["s3://my-state?region=x&endpoint=https://minio:9000&s3ForcePathStyle=true", "S3 and compatible"],
    ["s3://my-state?region=x&endpoint=http://127.0.0.1:9000&s3ForcePathStyle=true", "S3 and compatible"],
    ["azblob://state?storage_account=acme", "Azure"],
    ["gs://my-state", "Google"],
    ["postgres://pulumi@db.example.com/pulumi?table=pulumi_state&sslmode=verify-full", "Postgres"],
    ["postgres://pulumi@127.0.0.1:5433/pulumi?sslmode=disable", "Postgres"],
  ])("%s is %s", (text, name) => {
    expect(chooseBackend(text, {}, PROJECT).row.name).toBe(name);
  });

  test.each([
    ["https://api.pulumi.com", /no backend that keeps a state without Pulumi's service/],
    ["s4://bucket", /Did you mean "s3:\/\/"/],
    ["file://state", /is relative/],
    ["file:///", /names no folder/],
    ["file:///work/project/state", /lies in the repository/],
    ["s3://bucket", /names no region.*add \?region=REGION/],
    ["s3://?region=x", /names no bucket/],
    ["s3://b?region=x&endpoint=http://minio:9000", /in clear/],
    ["s3://b?region=x&endpoint=minio:9000&disableSSL=true", /in clear/],
    ["azblob://state", /names no storage account/],
    ["azblob://state?storage_account=a&protocol=http&domain=blobs.example.com", /in clear/],
    ["postgres://db/pulumi", /names no user/],
    ["postgres://pulumi@db", /names no database/],
    ["postgres://pulumi@db/pulumi?sslmode=disable", /in clear/],
    ["postgres://pulumi@db/pulumi?table=x;drop", /table name that is none/],
    ["postgres://pulumi:planted@db/pulumi", /holds a credential.*PGPASSWORD/],
    ["postgres://pulumi@db/pulumi?password=planted", /holds a credential.*PGPASSWORD/],
    ["s3://b?region=x&secret_key=planted", /holds a credential/],
    ["azblob://c?storage_account=a&sig=planted", /holds a credential/],
  ])("%s is refused", (text, reason) => {
    const refusal = () => chooseBackend(text, {}, PROJECT);
    expect(refusal).toThrow(reason);
    expect(refusal).not.toThrow(/planted/);
  });

  it("names every fault at once", () => {
    expect(() => chooseBackend("postgres://:planted@db/?table=A", {}, PROJECT)).toThrow(
      /credential[^]*no user[^]*no database[^]*table name/,
    );
  });

  it("has what its row says: an example of its shape is accepted", () => {
    const example = (shape: string) =>
      shape
        .split(",")[0]!
        .replace("ABSOLUTE/FOLDER", "srv/x")
        .replace(/[A-Z]{2,}/g, (word) => word.toLowerCase());
    for (const { shape, name } of BACKENDS) expect(chooseBackend(example(shape), {}, PROJECT).row.name).toBe(name);
  });
});

describe("a secrets provider", () => {
  const ENV = { PULUMI_CONFIG_PASSPHRASE_FILE: "/x", VAULT_ADDR: "https://vault", VAULT_TOKEN: "planted" };

  test.each([
    ["passphrase", {}],
    ["awskms://alias/pulumi-dev?region=eu-central-1", {}],
    ["awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234", AWS],
    ["azurekeyvault://acme.vault.azure.net/keys/pulumi", {}],
    ["gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k", {}],
    ["hashivault://pulumi-dev", {}],
  ])("%s is one", (text, env) => {
    expect(text).toContain(chooseProvider(text, { ...ENV, ...env }).row.scheme);
  });

  test.each([
    ["passphrase:planted", ENV, /PULUMI_CONFIG_PASSPHRASE_FILE/],
    ["passphrase", {}, /lacks its passphrase.*PULUMI_CONFIG_PASSPHRASE_FILE/],
    ["passphrase", { PULUMI_CONFIG_PASSPHRASE: "" }, /lacks its passphrase/],
    ["default", ENV, /Pulumi's service/],
    ["awskm://alias/x", ENV, /Did you mean "awskms"/],
    ["awskms://alias/x", ENV, /names no region/],
    ["azurekeyvault://acme", ENV, /not of its shape/],
    ["gcpkms://projects/p/keyRings/r", ENV, /not of its shape/],
    ["hashivault://planted@key", ENV, /not of its shape|credential/],
    ["hashivault://user:planted@key", ENV, /credential/],
    ["hashivault://key", { VAULT_ADDR: "https://vault" }, /lacks its token.*VAULT_TOKEN/],
  ])("%s is refused", (text, env, reason) => {
    const refusal = () => chooseProvider(text, env);
    expect(refusal).toThrow(reason);
    if (text.includes(":planted")) expect(refusal).not.toThrow(/planted/);
  });
});

describe("steps", () => {
  const env = { ...AWS, PULUMI_CONFIG_PASSPHRASE_FILE: "/run/pass" };
  const all: readonly Step[] = [
    ...[
      "file:///srv/x",
      "s3://b?region=eu-west-1",
      "azblob://c?storage_account=a",
      "gs://b",
      "postgres://u@h/d",
    ].flatMap((text) => {
      const { row, url } = chooseBackend(text, env, PROJECT);
      return row.create(url, env);
    }),
    ...PROVIDERS.flatMap((row) => {
      const example = row.shape.replace("REGION", "eu-west-1");
      return row.create(new URL(example.includes(":") ? example : `${example}:`), env);
    }),
  ];

  it("say what they are for, and can be repeated", () => {
    expect(all.length).toBeGreaterThan(15);
    for (const { why, argv } of all) expect([argv[0], why.length > 5]).toEqual([argv[0], true]);
    const makes = all.filter(({ argv }) => argv.some((word) => /^create|^createdb$|^rand$|^enable$/.test(word)));
    const unguarded = makes.filter(({ unless }) => unless === undefined).map(({ argv }) => argv.slice(0, 4).join(" "));
    // `az storage container create` says that there is one, and ends with 0.
    expect(unguarded).toEqual(["az storage container create"]);
  });

  it("make a bucket that is versioned, encrypted and closed", () => {
    const { row, url } = chooseBackend("s3://b?region=eu-west-1", {}, PROJECT);
    expect(row.create(url, {}).map(({ argv }) => argv[4])).toEqual([
      "create-bucket",
      "put-bucket-versioning",
      "put-public-access-block",
      "put-bucket-encryption",
    ]);
    const other = chooseBackend("s3://b?region=x&endpoint=https://minio:9000", {}, PROJECT);
    expect(other.row.create(other.url, {}).map(({ argv }) => argv[6])).toEqual([
      "create-bucket",
      "put-bucket-versioning",
    ]);
    expect(shown(row.create(url, {})[0]!.argv)).toBe(
      "aws --region eu-west-1 s3api create-bucket --create-bucket-configuration LocationConstraint=eu-west-1 --bucket b",
    );
    const first = chooseBackend("s3://b?region=us-east-1", {}, PROJECT);
    expect(first.row.create(first.url, {})[0]!.argv).not.toContain("--create-bucket-configuration");
  });

  it("that need something filled in are known as such", () => {
    expect(isTemplate({ argv: ["az", "--resource-group", "<resource group>"], why: "x" })).toBe(true);
    expect(isTemplate({ argv: ["az", "--resource-group", "a<b"], why: "x" })).toBe(false);
  });
});

test("a command is shown as a shell takes it", () => {
  expect(shown(["a", "it's", "x y", "k=v"])).toBe(String.raw`a 'it'\''s' 'x y' k=v`);
});

test("no credential of an address is ever shown or in a step, whatever it is", () => {
  const secret = fc.stringMatching(/^[a-z0-9]{12,20}$/).map((word) => `planted${word}`);
  const scheme = fc.constantFrom("s3", "azblob", "gs", "postgres", "hashivault", "awskms", "https");
  const place = fc.constantFrom(
    (word: string) => `//user:${word}@host/db`,
    (word: string) => `//host/db?password=${word}`,
    (word: string) => `//host/db?region=x&access_token=${word}&table=t`,
    (word: string) => `//host/db?sslkey=/k&SharedAccessKey=${word}`,
  );
  fc.assert(
    fc.property(scheme, place, secret, (name, at, word) => {
      const text = `${name}:${at(word)}`;
      const shownParts = [openPart(text)];
      for (const choose of [() => chooseBackend(text, AWS, PROJECT), () => chooseProvider(text, AWS)]) {
        try {
          const { row, url } = choose();
          shownParts.push(...row.create(url, AWS).flatMap(({ argv }) => argv), "accepted");
        } catch (error) {
          shownParts.push((error as Error).message);
        }
      }
      expect(shownParts).not.toContain("accepted");
      expect(shownParts.join("\n")).not.toContain(word);
    }),
  );
});
