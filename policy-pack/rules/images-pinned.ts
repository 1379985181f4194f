import { podPlaces } from "../pods";
import { type JudgedResource, kindOf, listAt, member, places, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type Fault, type ResourceRule } from "../rule";
import { isTree, type Tree } from "../../config/tree";

/** An image reference, so that a message can quote it: nothing else fits this, a password with a colon no better than one without. */
const REFERENCE =
  /^(?<name>[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)+|[a-z0-9._-]+)(?::(?<tag>[\w.-]+))?(?:@(?<digest>.+))?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Tags that move by their meaning. */
const MOVING = new Set(["latest", "main", "master", "edge", "nightly", "stable", "dev"]);

/** What is wrong with a tag. */
function tagFault(tag: string | undefined): string | undefined {
  if (tag === undefined || tag === "") return "has no tag, which means latest";
  return MOVING.has(tag) ? `has the tag ${tag}, which moves` : undefined;
}

function referenceFault(image: string): string | undefined {
  const parts = REFERENCE.exec(image)?.groups;
  if (parts === undefined) return "is no image reference";
  const { tag, digest } = parts;
  if (digest !== undefined) return DIGEST.test(digest) ? undefined : "has a digest that is no SHA-256";
  const fault = tagFault(tag);
  return fault && `${image} ${fault}`;
}

/** `image: {repository, tag}` of Helm values. A part that is left out is the chart's own, and the chart is pinned. */
function* judgeParts(at: string, image: Tree): Generator<Fault> {
  for (const key of ["tag", "digest"]) {
    if (image[key] === UNKNOWN) yield cannotJudge(member(at, key), "which image runs");
  }
  const { tag, digest } = image;
  if (typeof digest === "string" && digest !== "") {
    if (!DIGEST.test(digest)) yield { at: member(at, "digest"), problem: "is no SHA-256" };
  } else if (typeof tag === "string") {
    const fault = tagFault(tag.split("@")[0]);
    if (fault) yield { at: member(at, "tag"), problem: fault };
  }
}

function* judgePods(resource: JudgedResource): Generator<Fault> {
  for (const { at, value } of podPlaces(resource)) {
    if (value === UNKNOWN) {
      yield cannotJudge(at, "which images run");
      continue;
    }
    if (!isTree(value) || !("image" in value)) continue;
    const { image, version } = value;
    const place = member(at, "image");
    if (isTree(image)) yield* judgeParts(place, image);
    // Helm values may keep the tag beside the name, under `version`.
    else if (typeof image === "string" && typeof version === "string") yield* judgeParts(at, { tag: version });
    else if (typeof image === "string") {
      const fault = referenceFault(image);
      if (fault) yield { at: place, problem: fault };
    }
  }
}

/** Images that the stack itself starts, for probes; they stand in the sections that its components receive. */
function* judgeSections(resource: JudgedResource): Generator<Fault> {
  for (const { at, key, value } of places(resource.inputs)) {
    if (key !== "probeImage") continue;
    if (value === UNKNOWN) yield cannotJudge(at, "which image probes");
    const fault = typeof value === "string" ? referenceFault(value) : undefined;
    if (fault) yield { at, problem: fault };
  }
}

function* judgeImageSet({ inputs }: JudgedResource): Generator<Fault> {
  const images = listAt(inputs, "spec.images");
  if (images === UNKNOWN) {
    yield cannotJudge("spec.images", "which digests it holds");
    return;
  }
  for (const [index, image] of images.entries()) {
    const digest = valueAt(image, "digest");
    const at = `spec.images[${index}].digest`;
    if (digest === UNKNOWN) yield cannotJudge(at, "which image it is");
    else if (typeof digest !== "string" || !DIGEST.test(digest)) yield { at, problem: "is no SHA-256" };
  }
}

/** Every image that the stack names is one image. */
export const imagesPinned: ResourceRule = {
  id: "images-pinned",
  what: "Every image that the stack names has a tag that does not move, or a digest; a digest is a whole SHA-256.",
  why: "With a moving tag two nodes run different programs under one name, and a restart at night is an upgrade that nobody asked for.",
  fix: "Write the version as the tag, or the digest (calico.imageDigests and the image keys of seldon.values take both).",
  enforcement: "mandatory",
  *judge(resource) {
    if (kindOf(resource) === "ImageSet") yield* judgeImageSet(resource);
    else if (resource.type.startsWith("seldon-k3s:")) yield* judgeSections(resource);
    else yield* judgePods(resource);
  },
};
