import * as fc from "fast-check";
import { inspect } from "node:util";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc";
import {
  containsSecret,
  decode,
  encode,
  maskSecrets,
  revealSecrets,
  SecretValue,
  UNKNOWN_MASK,
} from "../../inprocess/secrets";

/** Values as providers answer them: JSON with secrets in it, at any depth. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 7, "", "text"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("value"), { maxKeys: 3 }),
    fc.constantFrom("hunter2", 42).map((inner) => new SecretValue(inner)),
  ),
})).value;

test("the wire form keeps every value and every secret", () => {
  fc.assert(
    fc.property(values, (value) => {
      const back = decode(JSON.parse(JSON.stringify(encode(value))));
      expect(revealSecrets(back)).toEqual(revealSecrets(value));
      expect(maskSecrets(back)).toEqual(maskSecrets(value));
      expect(containsSecret(back)).toBe(containsSecret(value));
    }),
  );
});

test("no way of printing shows a secret", () => {
  const secret = new SecretValue({ password: "hunter2" });
  const printed = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }),
    `${inspect(new Map([["k", secret]]))}`,
  ];
  expect(printed.join(" ")).not.toContain("hunter2");
  expect(maskSecrets({ a: [secret], b: 1 })).toEqual({ a: ["[secret]"], b: 1 });
});

test("unknowns, assets and references to resources are readable", () => {
  const signature = "4dabf18193072939515e22adb298388d";
  expect(decode(unknownValue)).toBe(UNKNOWN_MASK);
  expect(encode(UNKNOWN_MASK)).toBe(unknownValue);
  expect(decode({ [signature]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:x", id: "i" })).toBe("urn:x");
  expect(decode({ [signature]: "c44067f5952c0a294b673a41bacd8c17", path: "./file" })).toEqual({ path: "./file" });
});
