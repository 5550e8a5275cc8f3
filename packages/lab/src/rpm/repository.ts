import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { copyFolder } from '../copy-folder.ts';
import { must, runProgram } from '../process.ts';
import { createRpmSigner, type RpmSigner } from './signing-home.ts';
import { buildRpms, type RpmToy } from './spec.ts';
import { RPM_BASE, RPM_UPDATES } from './toys.ts';

/** A notice of the repository about some of its packages. */
export interface RpmAdvisory {
  readonly id: string;
  readonly type: 'security' | 'bugfix';
  readonly severity: string;
  readonly cves: readonly string[];
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

const PARTS = ['base', 'updates'] as const;
type Part = (typeof PARTS)[number];

/** A signed repository of toys in two parts, `base` and `updates`, in a folder. */
export interface RpmRepository extends AsyncDisposable {
  readonly folder: string;
  readonly keyPath: string;
  readonly partFolder: (part: Part) => string;
  /** Adds packages to a part, perhaps with notices, and signs anew. */
  publish(part: Part, toys: readonly RpmToy[], advisories?: readonly RpmAdvisory[]): Promise<void>;
  /** Adds the newer versions of the toys. */
  publishUpdates(): Promise<void>;
  /** Changes what is signed after signing; lasts until the next publication. */
  breakSignature(part: Part): Promise<void>;
  /** Takes the signature of one package away; what names it is signed anew. */
  removeSignature(part: Part, file: string): Promise<void>;
  /** Takes a part away, and brings it back. */
  hide(part: Part): Promise<void>;
  show(part: Part): Promise<void>;
  /** Another one of the same packages, signed by the same key, in another folder. */
  copy(folder: string): Promise<RpmRepository>;
}

const LIB_ADVISORY: RpmAdvisory = {
  id: 'LABSA-2026:0001',
  type: 'security',
  severity: 'Important',
  cves: ['CVE-2026-0001', 'CVE-2026-0002'],
  packages: [{ name: 'toylib', version: '1.1' }],
};

function updateInfo(advisories: readonly RpmAdvisory[]): string {
  const notices = advisories.map(({ id, type, severity, cves, packages }) =>
    [
      `<update from="lab" status="final" type="${type}" version="1"><id>${id}</id><title>${id}</title>`,
      `<issued date="2026-11-02 00:00:00"/><severity>${severity}</severity><description>Toy.</description>`,
      `<references>${cves.map((cve) => `<reference href="https://example.test/${cve}" id="${cve}" type="cve" title="${cve}"/>`).join('')}</references>`,
      '<pkglist><collection short="lab"><name>lab</name>',
      ...packages.map(
        ({ name, version }) =>
          `<package name="${name}" version="${version}" release="1" epoch="0" arch="noarch" src="${name}-${version}-1.src.rpm"><filename>${name}-${version}-1.noarch.rpm</filename></package>`,
      ),
      '</collection></pkglist></update>',
    ].join(''),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<updates>${notices.join('\n')}</updates>\n`;
}

async function index(folder: string, signer: RpmSigner, advisories: readonly RpmAdvisory[]): Promise<void> {
  const metadata = join(folder, 'repodata');
  await rm(metadata, { recursive: true, force: true });
  must(
    await runProgram('createrepo_c', ['--quiet', '--excludes=.build', '--general-compress-type=gz', folder]),
    'createrepo_c',
  );
  if (advisories.length > 0) {
    const path = join(folder, '.build/updateinfo.xml');
    await writeFile(path, updateInfo(advisories));
    must(await runProgram('modifyrepo_c', ['--mdtype=updateinfo', path, metadata]), 'modifyrepo_c');
  }
  await signer.signFile(join(metadata, 'repomd.xml'));
}

async function addPackages(folder: string, signer: RpmSigner, toys: readonly RpmToy[]): Promise<void> {
  const before = await readdir(folder);
  await buildRpms(folder, toys);
  const fresh = (await readdir(folder)).filter((name) => name.endsWith('.rpm') && !before.includes(name));
  await signer.signRpms(fresh.map((name) => join(folder, name)));
}

type Known = Record<Part, RpmAdvisory[]>;

function repositoryAt(folder: string, signer: RpmSigner, known: Known): RpmRepository {
  const partFolder = (part: Part): string => join(folder, part);
  const publish: RpmRepository['publish'] = async (part, toys, advisories = []) => {
    known[part].push(...advisories);
    await addPackages(partFolder(part), signer, toys);
    await index(partFolder(part), signer, known[part]);
  };
  return {
    folder,
    keyPath: signer.keyPath,
    partFolder,
    publish,
    publishUpdates: () => publish('updates', RPM_UPDATES, [LIB_ADVISORY]),
    async breakSignature(part) {
      // As a new file: zypper has links to those that it took from a folder.
      const path = join(partFolder(part), 'repodata/repomd.xml');
      await writeFile(`${path}.new`, `${await readFile(path, 'utf8')}<!-- spoiled -->\n`);
      await rename(`${path}.new`, path);
    },
    async removeSignature(part, file) {
      must(await runProgram('rpmsign', ['--delsign', join(partFolder(part), file)]), 'rpmsign --delsign');
      await index(partFolder(part), signer, known[part]);
    },
    hide: (part) => rename(partFolder(part), `${partFolder(part)}.hidden`),
    show: (part) => rename(`${partFolder(part)}.hidden`, partFolder(part)),
    async copy(other) {
      await mkdir(other, { recursive: true });
      for (const part of PARTS) await copyFolder(partFolder(part), join(other, part));
      return repositoryAt(other, signer, structuredClone(known));
    },
    [Symbol.asyncDispose]: () => signer.end(),
  };
}

/** Builds the repository with the old versions only. */
export async function buildRpmRepository(options: { readonly folder: string }): Promise<RpmRepository> {
  const folder = resolve(options.folder);
  const signer = await createRpmSigner(join(folder, 'key'));
  const repository = repositoryAt(folder, signer, { base: [], updates: [] });
  for (const part of PARTS) await mkdir(repository.partFolder(part), { recursive: true });
  await repository.publish('base', RPM_BASE);
  await repository.publish('updates', []);
  return repository;
}
