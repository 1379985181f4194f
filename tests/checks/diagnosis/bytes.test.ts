import { showBytes } from "../../../checks/diagnosis/bytes";
import { exemptsZero } from "../../../checks/diagnosis/rules/environment";

it.each([
  [2 ** 30, "1 GiB"],
  [1.1 * 2 ** 30, "1.1 GiB"],
  [102_400, "100 KiB"],
  [12, "12 B"],
])("%s is shown as %s", (bytes, text) => expect(showBytes(bytes)).toBe(text));

it.each([
  ["", false],
  ["localhost,127.0.0.1,.svc", false],
  ["10.0.0.0/8", false],
  ["0.0.0.0", true],
  ["a, 0.0.0.0:9500", true],
  ["0.0.0.0/8", true],
  ["0.0.0.0/0", true],
  ["*", true],
])("NO_PROXY=%s exempts 0.0.0.0: %s", (text, expected) => expect(exemptsZero(text)).toBe(expected));
