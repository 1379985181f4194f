import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWhole } from "../../../checks/report/atomic-file";
import { deliver, outputsOf } from "../../../checks/report/outputs";
import { ToolError } from "../../../tools/cli";

const FORMATS = ["text", "json", "junit", "html"] as const;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "outputs-"))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

describe("outputsOf", () => {
  it("is the text on standard output, unless another report goes there", () => {
    expect(outputsOf({}, FORMATS)).toEqual([{ format: "text", file: "-" }]);
    expect(outputsOf({ json: true }, FORMATS)).toEqual([{ format: "json", file: "-" }]);
    expect(outputsOf({ report: [`junit=${at("r.xml")}`, `html=${at("a=b.html")}`] }, FORMATS)).toEqual([
      { format: "junit", file: at("r.xml") },
      { format: "html", file: at("a=b.html") },
      { format: "text", file: "-" },
    ]);
    expect(outputsOf({ report: ["html=-"] }, FORMATS)).toEqual([{ format: "html", file: "-" }]);
  });

  it.each<[string[], boolean, RegExp]>([
    [["junitt=x"], false, /there is no format "junitt"\. Did you mean "junit"\? allowed: FORMAT=FILE with text, json/],
    [["report.xml"], false, /there is no format "report\.xml".*fix: such as --report html=report\.html/],
    [
      ["junit"],
      false,
      /got "junit", without a file;.*fix: such as --report junit=FILE, or junit=- for standard output/,
    ],
    [["junit="], false, /without a file/],
    [["junit=-", "html=-"], false, /standard output can hold one report: got junit and html/],
    [["junit=-"], true, /standard output can hold one report: got junit and json/],
    [["junit=FOLDER/x", "html=FOLDER/./x"], false, /two reports into .*x; allowed: one a file/],
    [["junit=FOLDER/none/x"], false, /there is no folder .*none; fix: make it first/],
    [["junit=FOLDER"], false, /it is a folder; fix: name a file in it/],
  ])("refuses %j before anything is looked at", (report, json, message) => {
    const flags = { json, report: report.map((value) => value.replace("FOLDER", folder)) };
    expect(() => outputsOf(flags, FORMATS)).toThrow(ToolError);
    expect(() => outputsOf(flags, FORMATS)).toThrow(message);
  });
});

describe("writeWhole", () => {
  it("replaces a file, keeps its mode and leaves nothing beside it", () => {
    writeFileSync(at("r"), "old", { mode: 0o600 });
    writeWhole(at("r"), "new");
    expect(readFileSync(at("r"), "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["r"]);
  });

  it("a reader that has the old one open keeps it whole", () => {
    writeFileSync(at("r"), "old");
    symlinkSync("r", at("link"));
    writeWhole(at("link"), "new");
    expect(readFileSync(at("r"), "utf8")).toBe("new");
    expect(readdirSync(folder).sort()).toEqual(["link", "r"]);
  });

  it("leaves what was there, and nothing beside it, when it fails", () => {
    mkdirSync(at("r"));
    writeFileSync(at("r/inside"), "");
    expect(() => writeWhole(at("r/inside/x"), "new")).toThrow(/ENOTDIR/);
    expect(() => writeWhole(at("none/x"), "new")).toThrow(/ENOENT/);
    expect(readdirSync(folder)).toEqual(["r"]);
  });
});

describe("deliver", () => {
  it("writes the others when one fails, and says which", () => {
    let stdout = "";
    const faults = deliver(
      [
        { format: "junit", file: at("none/r.xml") },
        { format: "html", file: at("r.html") },
        { format: "text", file: "-" },
      ],
      (format) => `${format} of the run\n`,
      { write: (text) => (stdout += text) },
    );
    expect(faults).toEqual([`the junit report could not be written to ${at("none/r.xml")}: ENOENT`]);
    expect(readFileSync(at("r.html"), "utf8")).toBe("html of the run\n");
    expect(stdout).toBe("text of the run\n");
  });
});
