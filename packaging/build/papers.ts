import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_VERSION, type ProgramPackage } from '../programs.ts';
import type { Bundle, BundledModule } from './bundle.ts';
import type { NodeRuntime } from './node-runtime.ts';

const RULE = '='.repeat(100);

/** The last chapter of a README, which is where those without a file of their own have it. */
const LICENCE_CHAPTER = /^#+ *licen[cs]e *\n+((?:(?!^#)[^\n]*\n?)+)/im;
/** Shorter is a name or a link, and no licence. */
const LEAST_CHARACTERS = 500;

/** @throws for a library that has no text of its licence, which must not be shipped */
function licenceText({ folder, name, version }: BundledModule): string {
  const files = readdirSync(folder);
  const file = files.find((one) => /^licen[cs]e(\.|$)/i.test(one));
  if (file) return readFileSync(join(folder, file), 'utf8').trim();
  const readme = files.find((one) => /^readme(\.|$)/i.test(one));
  const [, chapter = ''] = readme
    ? (LICENCE_CHAPTER.exec(readFileSync(join(folder, readme), 'utf8')) ?? [])
    : [];
  if (chapter.length >= LEAST_CHARACTERS) return chapter.trim();
  throw new Error(`${name} ${version} has no text of its licence in its package; do not ship it`);
}

/** The licence of everything that is shipped, in full. */
export function licences(bundle: Bundle, node: NodeRuntime): string {
  const parts = [
    ...bundle.modules.map((one) => `${one.name} ${one.version} (${one.licence})\n\n${licenceText(one)}`),
    `Node.js ${node.version}\n\n${node.licenceText.trim()}`,
  ];
  return `${parts.join(`\n\n${RULE}\n\n`)}\n`;
}

/** `debian/copyright` in the machine-readable format 1.0. */
export function debianCopyright(program: ProgramPackage, bundle: Bundle): string {
  const body = (text: string): string =>
    text
      .trim()
      .split('\n')
      .map((line) => (line.trim() === '' ? ' .' : ` ${line}`))
      .join('\n');
  const names = bundle.modules.map((one) => `${one.name} ${one.version}: ${one.licence}`).join('\n');
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: Linux Patch',
    'Source: made from the sources of this version by "npm run build:packages"',
    '',
    'Files: *',
    'Copyright: 2026 the authors of Linux Patch',
    'License: Apache-2.0',
    '',
    `Files: usr/lib/${program.name}/*`,
    'Copyright: 2026 the authors of Linux Patch, and the authors of the software named below',
    'License: Apache-2.0 and others',
    body(
      `The program has these parts in it; their licences are in licences.txt.gz beside this file.\n${names}\nNode.js: MIT, with parts under other licences`,
    ),
    '',
    'License: Apache-2.0',
    ' On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.',
    '',
  ].join('\n');
}

/** Versions of the libraries inside a Node binary are what it says itself. */
export type NodeParts = Readonly<Record<string, string>>;

/** What is inside a package, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). */
export function bill(
  program: ProgramPackage,
  parts: {
    readonly bundle: Bundle;
    readonly node: NodeRuntime;
    readonly nodeParts: NodeParts;
    readonly epochS: number;
  },
): string {
  const components = [
    ...parts.bundle.modules.map((one) => ({
      type: 'library',
      name: one.name,
      version: one.version,
      purl: `pkg:npm/${one.name.replace('@', '%40')}@${one.version}`,
      licenses: [{ expression: one.licence }],
    })),
    {
      type: 'platform',
      name: 'node',
      version: parts.node.version,
      purl: `pkg:generic/node@${parts.node.version}`,
      licenses: [{ license: { id: 'MIT' } }],
      components: Object.entries(parts.nodeParts)
        .filter(([name]) => !['node', 'modules', 'napi'].includes(name))
        .map(([name, version]) => ({ type: 'library', name, version })),
    },
  ];
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(parts.epochS * 1000).toISOString(),
      component: {
        type: 'application',
        name: program.name,
        version: PACKAGE_VERSION,
        licenses: [{ license: { id: 'Apache-2.0' } }],
      },
    },
    components,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Text of the product's own licence. */
export function ownLicence(root: string): string {
  const file = join(root, 'LICENSE');
  if (!existsSync(file)) throw new Error('LICENSE is missing');
  return readFileSync(file, 'utf8');
}
