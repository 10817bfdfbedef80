/**
 * Takes named files out of a zip that strangers may have made. Only the central directory is believed, only root-level
 * names that are asked for are opened, nothing is written anywhere, and every length is capped before and while it is
 * inflated (APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { UsageError } from '../errors.ts';

export interface ZipLimits {
  readonly mostEntries: number;
  /** Uncompressed bytes of one file. */
  readonly mostFileBytes: number;
}

interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Unix mode, 0 where the maker wrote none. */
  readonly mode: number;
  readonly headerAt: number;
}

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
/** The comment behind the end record is at most this long. */
const MOST_COMMENT_BYTES = 0xffff;
const ENCRYPTED = 0x1;
const STORED = 0;
const DEFLATED = 8;
const FILE_TYPE = 0o170000;
const LINK = 0o120000;

export const refuseArtifact = (where: string, what: string): never => {
  throw new UsageError(
    'ARTIFACT_REFUSED',
    `${where}: ${what}`,
    'Nothing was published. An artifact of godyno never looks like this; look at what the measuring job uploaded.',
  );
};

const endRecordAt = (zip: Buffer, where: string): number => {
  const first = Math.max(0, zip.length - END_BYTES - MOST_COMMENT_BYTES);
  for (let at = zip.length - END_BYTES; at >= first; at--) {
    const fits = zip.readUInt32LE(at) === END_SIGNATURE && at + END_BYTES + zip.readUInt16LE(at + 20) === zip.length;
    if (fits) return at;
  }
  return refuseArtifact(where, `${zip.length} bytes that are no zip file`);
};

const entryAt = (zip: Buffer, at: number, end: number, where: string): readonly [entry: ZipEntry, next: number] => {
  if (at + CENTRAL_BYTES > end || zip.readUInt32LE(at) !== CENTRAL_SIGNATURE)
    return refuseArtifact(where, 'its list of files is broken');
  const nameBytes = zip.readUInt16LE(at + 28);
  const next = at + CENTRAL_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  if (next > end) return refuseArtifact(where, 'its list of files is broken');
  const entry: ZipEntry = {
    flags: zip.readUInt16LE(at + 8),
    method: zip.readUInt16LE(at + 10),
    crc: zip.readUInt32LE(at + 16),
    packedBytes: zip.readUInt32LE(at + 20),
    bytes: zip.readUInt32LE(at + 24),
    mode: zip.readUInt32LE(at + 38) >>> 16,
    headerAt: zip.readUInt32LE(at + 42),
    name: zip.toString('utf8', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes),
  };
  return [entry, next];
};

const listEntries = (zip: Buffer, limits: ZipLimits, where: string): readonly ZipEntry[] => {
  if (zip.length < END_BYTES) return refuseArtifact(where, `${zip.length} bytes that are no zip file`);
  const end = endRecordAt(zip, where);
  const count = zip.readUInt16LE(end + 10);
  if (count > limits.mostEntries)
    return refuseArtifact(where, `${count} files, at most ${limits.mostEntries} are read`);
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    const [entry, next] = entryAt(zip, at, end, where);
    entries.push(entry);
    at = next;
  }
  return entries;
};

const packedData = (zip: Buffer, entry: ZipEntry, where: string): Buffer => {
  const at = entry.headerAt;
  const broken = (): never => refuseArtifact(where, `${entry.name} lies outside of it`);
  if (at + LOCAL_BYTES > zip.length || zip.readUInt32LE(at) !== LOCAL_SIGNATURE) return broken();
  const start = at + LOCAL_BYTES + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  const end = start + entry.packedBytes;
  return end > zip.length ? broken() : zip.subarray(start, end);
};

const unpack = (data: Buffer, entry: ZipEntry, limits: ZipLimits, where: string): Buffer => {
  if (entry.method === STORED) return data;
  try {
    return inflateRawSync(data, { maxOutputLength: limits.mostFileBytes });
  } catch {
    return refuseArtifact(where, `${entry.name} cannot be unpacked, or is over ${limits.mostFileBytes} bytes`);
  }
};

const readEntry = (zip: Buffer, entry: ZipEntry, limits: ZipLimits, where: string): Buffer => {
  const refuse = (what: string): never => refuseArtifact(where, `${entry.name} ${what}`);
  if ((entry.mode & FILE_TYPE) === LINK) refuse('is a link');
  if ((entry.flags & ENCRYPTED) !== 0) refuse('is encrypted');
  if (entry.method !== STORED && entry.method !== DEFLATED) refuse(`is packed by method ${entry.method}`);
  if (entry.bytes > limits.mostFileBytes) refuse(`has ${entry.bytes} bytes, at most ${limits.mostFileBytes} are read`);
  const bytes = unpack(packedData(zip, entry, where), entry, limits, where);
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc) refuse('is damaged');
  return bytes;
};

/** The files of `names` that the zip has at its root. Throws UsageError `ARTIFACT_REFUSED`. */
export const readZip = (
  zip: Buffer,
  names: readonly string[],
  limits: ZipLimits,
  where: string,
): ReadonlyMap<string, Buffer> => {
  const found = new Map<string, Buffer>();
  for (const entry of listEntries(zip, limits, where)) {
    if (!names.includes(entry.name)) continue;
    if (found.has(entry.name)) refuseArtifact(where, `${entry.name} is in it twice`);
    found.set(entry.name, readEntry(zip, entry, limits, where));
  }
  return found;
};
