/**
 * Where the two sides' source comes from: git revisions, the working tree, plain folders; and what differs.
 *
 * In: `--base` and `--head` as the user wrote them, a work folder. Out: for each side a folder that holds exactly that
 * source, its revision, and remarks; the files and lines that differ. Git sides are written into folders of equal path
 * length through an index of our own: nothing is added to the user's repository, so nothing can be left in it. The one
 * exception is a CI job's clone that lacks the base: it is fetched there.
 */
export {
  fetchLine,
  findRepository,
  resolveCommit,
  type CommitInfo,
  type Repository,
} from './repository.ts';
export { withSides, type SidesRequest, type SourceTree } from './sides.ts';
export { diffSides, type DiffRequest, type SideDiff } from './diff.ts';
export { ignoredFiles, includeIgnored, type Included, isIgnored } from './include.ts';
export { copyScenarioFolder } from './scenario-folder.ts';
export { folderDigest, inTurns, listFolder } from './content.ts';
export { copyWorkTree } from './checkout.ts';
