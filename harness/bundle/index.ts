/**
 * Bundles: what a baseline's service is linked and started from again, without source, history or downloads. In: a side's
 * files and compiled packages. Out: the same in folders, each file checked by its digest. It owns the store, the manifest,
 * its limits and pruning; it links and starts nothing.
 */
export { type Bundle, findBundle, hasBundle, type Unpacked, unpackBundle, whyUnusable } from './open.ts';
export { packBundle, type Packed, type ToPack } from './pack.ts';
export { pruneBundles, type Pruned } from './prune.ts';
