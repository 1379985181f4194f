/** The part of aws4 (an implementation of AWS' Signature 4 that is not Amazon's) that tests use; it brings no types. */
declare module "aws4" {
  interface Request {
    readonly service: string;
    readonly region: string;
    readonly host: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    /** Headers that are signed although clients may leave them out. */
    readonly extraHeadersToInclude: Record<string, true>;
  }
  export function sign(
    request: Request,
    credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  ): { readonly headers: { readonly Authorization: string } };
}
