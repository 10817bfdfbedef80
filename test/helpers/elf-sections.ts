/** Sections of a program, to see what two links of one build have in common. */
import { readFileSync } from 'node:fs';
import { parseElf } from '../../harness/exact/elf.ts';

/** They hold the build's id, which names the link. */
const NAMES = new Set(['.note.go.buildid', '.note.gnu.build-id']);

/** Names of the sections that are loaded and differ, by address or bytes, but for those that name the link. */
export const differingSections = (one: string, other: string): readonly string[] => {
  const [first, second] = [one, other].map((file) => {
    const { sections } = parseElf(readFileSync(file), file);
    return new Map(sections.filter(({ name }) => !NAMES.has(name)).map((section) => [section.name, section]));
  });
  const names = [...new Set([...(first?.keys() ?? []), ...(second?.keys() ?? [])])];
  return names.filter((name) => {
    const [a, b] = [first?.get(name), second?.get(name)];
    return a === undefined || b === undefined || a.address !== b.address || !a.bytes.equals(b.bytes);
  });
};

/** Whether the file holds debug information; external linkers may leave a compressed section of another name. */
export const hasDebugInfo = (file: string): boolean => readFileSync(file).includes('.debug_info\0');
