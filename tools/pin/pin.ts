/** Measures the files of a K3s version. */
import { EXIT } from "../../checks/exit-codes";
import { type LiveSteps, step } from "../../terminal/steps/live";
import { ToolError } from "../cli";
import { type Arch, listedHash, releaseBase, type ReleaseFile, releaseFiles, sumsName } from "./files";
import type { Source } from "./source";

export interface PinOptions {
  readonly version: string;
  readonly arches: readonly Arch[];
  readonly images: boolean;
  readonly mirror?: string | undefined;
  readonly source: Source;
  readonly say: (line: string) => void;
  /** The list of the files, on a terminal. */
  readonly live?: LiveSteps | undefined;
}

/** The section `k3s.install`, as far as it is pinned. */
export interface Pins {
  installer?: { url: string; sha256: string };
  binary?: Partial<Record<Arch, { url: string; sha256: string }>>;
  images?: Partial<Record<Arch, { url: string; sha256: string }>>;
}

/**
 * Reads every file to its last byte and computes its SHA-256. Where the release brings its own list of hashes, both must
 * agree: a difference is a damaged or a foreign file.
 *
 * @throws ToolError when a file is missing, cannot be reached, or is not what the release's list says.
 */
export async function measurePins(options: PinOptions): Promise<Pins> {
  const { version, arches, images, mirror, source, say, live } = options;
  const pins: Pins = {};
  const sums = new Map<Arch, string | undefined>();
  for (const arch of arches) {
    const name = sumsName(arch);
    sums.set(arch, await source.text({ name, url: `${releaseBase(version, mirror)}/${name}` }));
  }
  const files = releaseFiles(version, arches, { mirror, images });
  live?.expect(files.map(({ name }) => name));
  for (const file of files) {
    let come = 0;
    const { sha256, bytes } = await step(live, file.name, () => source.measure(file, (count) => (come = count)), {
      status: () => `${(come / 1e6).toFixed(1)} MB`,
    });
    say(`${file.name}: ${sha256}, ${bytes} bytes${agreement(file, sha256, sums)}`);
    const [key, arch] = file.key;
    const entry = { url: file.url, sha256 };
    if (key === "installer") pins.installer = entry;
    else if (arch !== undefined) (pins[key as "binary" | "images"] ??= {})[arch] = entry;
  }
  return pins;
}

/** What the release's own list says about a file. */
function agreement({ name, listed }: ReleaseFile, sha256: string, sums: ReadonlyMap<Arch, string | undefined>): string {
  if (listed === undefined) return " (in no list of the release)";
  const list = sums.get(listed);
  if (list === undefined) return ` (no ${sumsName(listed)} to compare with)`;
  const expected = listedHash(list, name);
  if (expected === undefined) return ` (not named in ${sumsName(listed)})`;
  if (expected === sha256) return `, as in ${sumsName(listed)}`;
  throw new ToolError(
    `${name}: got SHA-256 ${sha256}, but the release's own ${sumsName(listed)} says ${expected}; fetch the file again`,
    EXIT.failed,
  );
}
