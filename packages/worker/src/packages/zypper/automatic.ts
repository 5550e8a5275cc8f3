import { belowRoot, type PackageDoors } from '../doors.ts';
import { splitName } from '../rpm/names.ts';

const PATH = 'var/lib/zypp/AutoInstalled';
const LIMIT_BYTES = 8 * 1024 * 1024;
const MODE = 0o644;

/** Names that libzypp keeps as come by themselves; it writes the file anew after each change. */
async function readMarks(doors: PackageDoors): Promise<string[]> {
  const text = (await doors.files.readTextLimited(belowRoot(doors, PATH), LIMIT_BYTES)) ?? '';
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Of these packages those that came as dependencies. A change that names one makes it a wanted one for libzypp. */
export async function automaticAmong(doors: PackageDoors, names: readonly string[]): Promise<string[]> {
  const marks = new Set(await readMarks(doors));
  return names.filter((name) => marks.has(splitName(name).name));
}

/** Marks packages as come by themselves again. */
export async function markAutomatic(doors: PackageDoors, names: readonly string[]): Promise<void> {
  const marks = new Set([...(await readMarks(doors)), ...names.map((name) => splitName(name).name)]);
  const text = `# AutoInstalled\n#\n${[...marks].sort().join('\n')}\n#\n`;
  await doors.files.writeDurably({ path: belowRoot(doors, PATH), data: text, mode: MODE });
}
