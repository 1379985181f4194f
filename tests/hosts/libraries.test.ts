import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOSTS } from "./support/host";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "seldon-libraries-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs functions of the libraries in a folder with some files; \`$f\` is that folder. */
function sh(script: string, files: Readonly<Record<string, string>> = {}): string[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const source = ["lib", "lib-files", "lib-unit", "lib-config", "lib-fetch"].map((name) => `. ${HOSTS}/${name}.sh`);
  const { stdout, stderr } = spawnSync("sh", ["-euc", [`f=${folder}`, "WORK=$f", ...source, script].join("\n")], {
    encoding: "utf8",
  });
  if (stderr !== "") throw new Error(stderr);
  return stdout.split("\n").slice(0, -1);
}

describe("unit_words", () => {
  const words = (...units: readonly string[]) =>
    sh(
      `unit_words ${units.map((_, index) => `$f/u${index}`).join(" ")}`,
      Object.fromEntries(units.map((unit, index) => [`u${index}`, unit])),
    );

  it.each<[string, string, string[]]>([
    [
      "one line",
      "[Service]\nExecStart=/usr/local/bin/k3s server\n",
      ["/usr/local/bin/k3s\t/usr/local/bin/k3s", "server\tserver"],
    ],
    [
      "the installer's lines, with an empty last one",
      "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--flannel-backend=vxlan' \\\n\n[Install]\n",
      [
        "/usr/local/bin/k3s\t/usr/local/bin/k3s",
        "server\tserver",
        "'--flannel-backend=vxlan'\t--flannel-backend=vxlan",
      ],
    ],
    [
      "comments between continued lines",
      "[Service]\nExecStart=/k3s \\\n# --not=this\n  ; nor=this\n  server\n",
      ["/k3s\t/k3s", "server\tserver"],
    ],
    [
      "quotes, blanks, escapes and doubled signs",
      '[Service]\nExecStart=-/k3s server "--a=b c" \'--d="e"\' --f=\\"g\\s\\\\ --h=%%i$$j \'k\'l\n',
      [
        "-/k3s\t-/k3s",
        "server\tserver",
        '"--a=b c"\t--a=b c',
        '\'--d="e"\'\t--d="e"',
        '--f=\\"g\\s\\\\\t--f="g \\',
        "--h=%%i$$j\t--h=%i$j",
        "'k'l\tkl",
      ],
    ],
    [
      "no other section",
      "[Unit]\nExecStart=/no\n[Service]\n  ExecStart = /k3s agent\n",
      ["/k3s\t/k3s", "agent\tagent"],
    ],
  ])("reads %s", (_, unit, expected) => {
    expect(words(unit)).toEqual(expected);
  });

  it("lets a drop-in take the place of the command", () => {
    expect(
      words("[Service]\nExecStart=/k3s server --a\n", "[Service]\nExecStart=\nExecStart=/k3s server --b\n"),
    ).toEqual(["/k3s\t/k3s", "server\tserver", "--b\t--b"]);
  });

  it("gives up on two commands", () => {
    expect(sh("unit_words $f/two || echo no", { two: "[Service]\nExecStart=/a\nExecStart=/b\n" })).toEqual(["no"]);
  });
});

describe("flags_of", () => {
  it("knows all ways of writing a flag", () => {
    const words = [
      "/k3s",
      "server",
      "--a=1",
      "--b",
      "2",
      "-c3=x=y",
      "--dd",
      "--e",
      "-s",
      "https://x",
      "--token=",
      "--disable",
      "one",
      "--disable=two",
    ];
    writeFileSync(join(folder, "words"), words.map((word) => `${word}\n`).join(""));
    expect(sh("flags_of <$f/words")).toEqual([
      "3 3 a 1",
      "4 5 b 2",
      "6 6 c3 x=y",
      "7 7 dd true",
      "8 8 e true",
      "9 10 server https://x",
      "11 11 token ",
      "12 13 disable one",
      "14 14 disable two",
    ]);
  });
});

describe("yaml_settings", () => {
  it.each<[string, string[]]>([
    ["a: b\n", ["a b"]],
    ['a: "b # c" # d\n', ["a b # c"]],
    ["a: 'it''s'\n", ["a it's"]],
    ['"a": "x\\"y\\\\z"\n', ['a x"y\\z']],
    ["a: b#c\n", ["a b#c"]],
    ["a: b # c\n", ["a b"]],
    ["a: True\nb: no\nc: 'yes'\nd: ~\n", ["a true", "b false", "c yes", "d "]],
    ["a:\n  - x\n  - 'y z'\nb: 1\n", ["a x", "a y z", "b 1"]],
    ["a:\n- x\n# between\n- y\n", ["a x", "a y"]],
    ["a: [x, \"y\", 'z'] # w\n", ["a x", "a y", "a z"]],
    ["a: []\n", ["a []"]],
    ["a+:\n  - x\n", ["a+ x"]],
    ["---\r\na: b\r\n", ["a b"]],
    ["# a: b\n\n  # c: d\n", []],
    ["a: https://x:6443\n", ["a https://x:6443"]],
  ])("reads %j", (yaml, expected) => {
    expect(sh("yaml_settings $f/yaml", { yaml })).toEqual(expected);
  });
});

describe("settings of several files", () => {
  it("replace one another whole, lists too, unless the key ends with +", () => {
    const files = {
      one: "a: 1\nb:\n  - x\n  - y\nc:\n  - p\n",
      two: "a: 2\nb:\n  - z\nc+:\n  - q\n",
      three: "c+: r\n",
    };
    expect(sh("settings_of $f/one $f/two $f/three", files)).toEqual(["a 2", "b z", "c p", "c q", "c r"]);
  });

  it("are not read from JSON", () => {
    expect(sh("settings_of $f/json || echo no", { json: '{"a": 1}\n' })).toEqual(["no"]);
  });

  it("come from flags before files before the environment", () => {
    const script = (key: string) => `effective ${key}`;
    const files = {
      flags: "3 3 a flag\n",
      merged: "a file\nb file\n",
      environment: "K3S_URL=https://env\nK3S_A=env\n",
    };
    expect(sh(["a", "b", "server", "flannel-backend", "unknown"].map(script).join("\n"), files)).toEqual([
      "flag",
      "file",
      "https://env",
      "vxlan",
    ]);
  });
});

describe("versions", () => {
  it.each([
    ["v1.33.1+k3s1", "v1.33.1+k3s1", "same"],
    ["v1.33.10+k3s1", "v1.33.9+k3s1", "newer"],
    ["v1.33.1+k3s1", "v1.33.1+k3s2", "older"],
    ["v1.34.0-rc1+k3s1", "v1.34.0+k3s1", "older"],
    ["v1.34.0-rc2+k3s1", "v1.33.9+k3s1", "newer"],
    ["v1.9.0+k3s1", "v1.10.0+k3s1", "older"],
  ])("%s beside %s is %s", (one, other, order) => {
    expect(sh(`version_order ${one} ${other}`)).toEqual([order]);
  });

  it.each(["1.33.1+k3s1", "v1.33.1", "v1.33+k3s1", "v1.33.1+rke2r1", "latest", ""])("%j is none", (version) => {
    expect(sh(`version_numbers '${version}'`)).toEqual([]);
  });
});

describe("put_file", () => {
  it("has the mode before the content, leaves no other file, and the old one when it fails", () => {
    const script = `
      echo new >$f/source; mkdir -p $f/to; echo old >$f/to/x.yaml
      put_file $f/source 0600 $f/to/x.yaml; stat -c %a $f/to/x.yaml; cat $f/to/x.yaml
      put_file $f/missing 0600 $f/to/x.yaml 2>/dev/null || echo failed; cat $f/to/x.yaml; ls -A $f/to`;
    expect(sh(script)).toEqual(["600", "new", "failed", "new", "x.yaml"]);
  });
});
