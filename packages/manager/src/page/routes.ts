import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES, PAGE_PATHS, PatchError } from '@linux-patch/contract';
import { type Answer, answerWith, type Handler, type HttpApp, nothingHere } from '@linux-patch/http';
import type { ManagerRequest } from '../http/manager-request.ts';
import { noPageAt } from './no-page.ts';
import type { Page, PageFile } from './page.ts';

/** What a browser may do with the page: run its own files, and speak with this manager. Nothing is written as HTML. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** Of every answer that has to do with a file of the page. */
const OF_EACH = { 'content-security-policy': POLICY, vary: 'accept-encoding' };

const decompress = promisify(gunzip);

/** Whether a caller takes gzip (RFC 9110 §12.5.3). */
function takesGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '').toLowerCase().split(',');
  return codings.some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0{0,3})?\s*$)|$)/.test(coding));
}

const firstPart = (path: string): string => path.split('/', 2)[1] ?? '';

/** Where programs ask, and files of the page are: nobody is shown a screen there. */
const NO_SCREENS: ReadonlySet<string> = new Set([
  'assets',
  ...Object.values({ ...MANAGER_PUBLIC_ROUTES, ...MANAGER_ADMIN_ROUTES }).map(({ path }) => firstPart(path)),
]);

/** Whether a person asks with a browser for what may be a screen; programs that take anything are none (RFC 9110 §12.5.1). */
function isForSomebody({ method, path, header }: ManagerRequest): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || NO_SCREENS.has(firstPart(path))) return false;
  const taken = (header('accept') ?? '').toLowerCase().split(',');
  return taken.some((one) => /^\s*text\/html\s*(?:;|$)/.test(one) && !/;\s*q=0(?:\.0{0,3})?\s*$/.test(one));
}

/** Whether a caller has the file already (RFC 9110 §13.1.2). */
function hasAlready(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(etag) || known.includes('*');
}

type Asked = Pick<ManagerRequest, 'header'>;

async function answerWhole(
  { header }: Asked,
  { gzip, mediaType }: PageFile,
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
): Promise<Answer> {
  const isCompressed = takesGzip(header('accept-encoding'));
  const answer = answerWith(undefined, {
    status,
    headers: {
      ...OF_EACH,
      ...headers,
      'content-type': mediaType,
      ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
    },
  });
  return { ...answer, body: isCompressed ? gzip : await decompress(gzip) };
}

function answerFile(asked: Asked, file: PageFile, cacheControl: string): Promise<Answer> | Answer {
  const headers = { 'cache-control': cacheControl, etag: file.etag };
  if (!hasAlready(asked.header('if-none-match'), file.etag))
    return answerWhole(asked, file, { status: 200, headers });
  return answerWith(undefined, { status: 304, headers: { ...OF_EACH, ...headers } });
}

function noPage(path: string): Answer {
  const { status, text } = noPageAt(path);
  return answerWith(text, { status, headers: { 'content-type': 'text/plain;charset=UTF-8' } });
}

/**
 * Serves the page to anybody: its files say nothing of the fleet, which the API tells to those alone who may know.
 * @param page undefined where none is installed, which is said in its place
 */
export function servePage(
  app: Pick<HttpApp<ManagerRequest>, 'serve' | 'serveRest'>,
  page: Page | undefined,
): void {
  const read = (path: string, handle: Handler<ManagerRequest>): void => {
    for (const method of ['GET', 'HEAD'] as const) app.serve({ method, path }, handle);
  };
  for (const path of PAGE_PATHS)
    read(path, ({ request }) => {
      if (page) return answerFile(request, page.index, 'no-cache');
      return noPage(path);
    });
  read('/assets/{name}', ({ request, parameters: { name = '' } }) => {
    const file = page?.assets.get(name);
    if (file) return answerFile(request, file, 'public, max-age=31536000, immutable');
    throw new PatchError(
      'NOT_FOUND',
      'The page has no such file; it may be of another version. Load the page anew.',
    );
  });
  app.serveRest(({ request }) => {
    if (!isForSomebody(request)) throw nothingHere();
    if (!page) return noPage(request.path);
    return answerWhole(request, page.index, { status: 404, headers: { 'cache-control': 'no-store' } });
  });
}
