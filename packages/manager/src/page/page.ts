import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';

/** A file of the page, as it is kept and sent. */
export interface PageFile {
  /** Compressed (gzip). */
  readonly gzip: Uint8Array;
  readonly mediaType: string;
  /** Strong validator (RFC 9110 §8.8.3). */
  readonly etag: string;
}

/** What people open in a browser. */
export interface Page {
  /** The document of every screen. */
  readonly index: PageFile;
  /** By name; a name says what is in the file, so it never changes. */
  readonly assets: ReadonlyMap<string, PageFile>;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css;charset=UTF-8',
  html: 'text/html;charset=UTF-8',
  js: 'text/javascript;charset=UTF-8',
  svg: 'image/svg+xml',
};

/** A file as the build leaves it, `index-4f3a.js.gz`. */
const BUILT_NAME = /^(?<name>[\w-][\w.-]*\.(?<extension>css|html|js|svg))\.gz$/;

async function readFile(files: Files, folder: string, builtName: string): Promise<[string, PageFile][]> {
  const { name = '', extension = '' } = BUILT_NAME.exec(builtName)?.groups ?? {};
  const gzip = name === '' ? undefined : await files.readBytes(join(folder, builtName));
  if (!gzip) return [];
  const etag = `"${createHash('sha256').update(gzip).digest('base64url')}"`;
  return [[name, { gzip, mediaType: MEDIA_TYPES[extension] ?? 'application/octet-stream', etag }]];
}

/**
 * Takes the whole page into memory, some hundred KiB: only what was there at the start has a name that can be asked for, and
 * an upgrade below a running manager mixes no versions.
 * @returns undefined where no page is installed
 * @throws the system's error when it is there and cannot be read
 */
export async function openPage(files: Files, folder: string): Promise<Page | undefined> {
  const [index] = await readFile(files, folder, 'index.html.gz');
  if (!index) return undefined;
  const assets = new Map<string, PageFile>();
  const assetFolder = join(folder, 'assets');
  for (const builtName of await files.list(assetFolder, { missingOk: true }))
    for (const [name, file] of await readFile(files, assetFolder, builtName)) assets.set(name, file);
  return { index: index[1], assets };
}
