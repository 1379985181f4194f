/** OCI image layouts in one tar, as `ctr image import` takes them. Pure: bytes in, bytes out. */
import { createHash } from "node:crypto";
import { tar, type TarEntry } from "./tar";

/** An image: what it runs when nothing else is said, under every name that it is to have. */
export interface ImageSpec {
  /** Fully qualified names, with tag. */
  readonly names: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** Variables as `NAME=value`. @default a PATH with the usual folders */
  readonly environment?: readonly string[];
  /** Uncompressed tar archives, lowest first. */
  readonly layers: readonly Buffer[];
}

/** Processor names as OCI has them. */
export type Architecture = "amd64" | "arm64";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const TYPE = "application/vnd.oci.image";
const PATH = "PATH=/bin:/usr/bin:/sbin:/usr/sbin";

/** One archive with all images; layers that they share are in it once. */
export function ociArchive(images: readonly ImageSpec[], architecture: Architecture): Buffer {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const digest = createHash("sha256").update(content).digest("hex");
    blobs.set(digest, content);
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const manifests = images.flatMap((image) => {
    const layers = image.layers.map((layer) => add(`${TYPE}.layer.v1.tar`, layer));
    const config = add(
      `${TYPE}.config.v1+json`,
      json({
        architecture,
        os: "linux",
        config: {
          Env: image.environment ?? [PATH],
          ...(image.entrypoint && { Entrypoint: image.entrypoint }),
          ...(image.command && { Cmd: image.command }),
        },
        // Uncompressed, so the digest of a layer is also that of its content.
        rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
      }),
    );
    const manifest = add(
      `${TYPE}.manifest.v1+json`,
      json({ schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json`, config, layers }),
    );
    return image.names.map((name): Descriptor => ({
      ...manifest,
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
      },
    }));
  });
  const entries: TarEntry[] = [
    { path: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
    { path: "index.json", content: json({ schemaVersion: 2, manifests }) },
    { path: "blobs/" },
    { path: "blobs/sha256/" },
    ...[...blobs].map(([digest, content]): TarEntry => ({ path: `blobs/sha256/${digest}`, content })),
  ];
  return tar(entries);
}
