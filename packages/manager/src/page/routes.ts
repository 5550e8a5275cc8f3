import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { PAGE_PATHS, PatchError } from '@linux-patch/contract';
import { type Answer, answerWith, type Handler, type HttpApp } from '@linux-patch/http';
import type { ManagerRequest } from '../http/manager-request.ts';
import { noPageAt } from './no-page.ts';
import type { Page, PageFile } from './page.ts';

/** What a browser may do with the page: run its own files, and speak with this manager. Nothing is written as HTML. */
const CONTENT_SECURITY_POLICY = [
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

const decompress = promisify(gunzip);

/** Whether a caller takes gzip (RFC 9110 §12.5.3). */
function takesGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '').toLowerCase().split(',');
  return codings.some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0{0,3})?\s*$)|$)/.test(coding));
}

/** Whether a caller has the file already (RFC 9110 §13.1.2). */
function hasAlready(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(etag) || known.includes('*');
}

async function answerFile(
  { header }: Pick<ManagerRequest, 'header'>,
  { gzip, mediaType, etag }: PageFile,
  cacheControl: string,
): Promise<Answer> {
  const headers = {
    'cache-control': cacheControl,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    etag,
    vary: 'accept-encoding',
  };
  if (hasAlready(header('if-none-match'), etag)) return answerWith(undefined, { status: 304, headers });
  const isCompressed = takesGzip(header('accept-encoding'));
  const answer = answerWith(undefined, {
    headers: {
      ...headers,
      'content-type': mediaType,
      ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
    },
  });
  return { ...answer, body: isCompressed ? gzip : await decompress(gzip) };
}

/**
 * Serves the page to anybody: its files say nothing of the fleet, which the API tells to those alone who may know.
 * @param page undefined where none is installed, which is said in its place
 */
export function servePage(app: Pick<HttpApp<ManagerRequest>, 'serve'>, page: Page | undefined): void {
  const read = (path: string, handle: Handler<ManagerRequest>): void => {
    for (const method of ['GET', 'HEAD'] as const) app.serve({ method, path }, handle);
  };
  for (const path of PAGE_PATHS)
    read(path, ({ request }) => {
      if (page) return answerFile(request, page.index, 'no-cache');
      const { status, text } = noPageAt(path);
      return answerWith(text, { status, headers: { 'content-type': 'text/plain;charset=UTF-8' } });
    });
  read('/assets/{name}', ({ request, parameters: { name = '' } }) => {
    const file = page?.assets.get(name);
    if (file) return answerFile(request, file, 'public, max-age=31536000, immutable');
    throw new PatchError(
      'NOT_FOUND',
      'The page has no such file; it may be of another version. Load the page anew.',
    );
  });
}
