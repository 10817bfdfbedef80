/** How a baseline refers to the bundle that its service is linked and started from again. */
export interface BundleRef {
  /** sha256 (hex) of the bundle's manifest, which names all its files by theirs. */
  readonly digest: string;
  /** Of everything in it, unpacked. */
  readonly bytes: number;
}
