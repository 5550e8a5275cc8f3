import { ENROLL_PATHS, PatchError } from '@linux-patch/contract';
import type { Context, Hono } from 'hono';
import type { RevocationList } from '../authority/revocation-list.ts';
import type { ManagerEnv } from '../http/node-adapter.ts';
import type { EnrollmentContext } from './context.ts';

function pem(text: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(text, {
    headers: { 'Content-Type': 'application/x-pem-file; charset=utf-8', ...headers },
  });
}

/** Certificates and revocation list, for whoever asks. */
export function servePki(app: Hono<ManagerEnv>, enrollment: EnrollmentContext): void {
  const { authority, db } = enrollment;
  app.get(ENROLL_PATHS.ca, () => pem(authority.publishedRootsPem, { 'Cache-Control': 'max-age=3600' }));
  app.get(ENROLL_PATHS.crl, async (context) => answerCrl(context, await authority.revocationList(db)));
  app.get(ENROLL_PATHS.trust, async (context) => context.json(await authority.trustBundle(db), 200));
  app.get(ENROLL_PATHS.repoConfig, () => {
    throw new PatchError('NOT_FOUND', 'This manager hosts no packages.');
  });
}

/** A cache must ask again each time: a revocation counts from now on, not from when a copy is old. */
function answerCrl(context: Context<ManagerEnv>, list: RevocationList): Response {
  const headers = {
    ETag: `"${list.number}"`,
    'Last-Modified': new Date(list.thisUpdateMs).toUTCString(),
    'Cache-Control': 'no-cache',
  };
  return hasList(context, list) ? new Response(null, { status: 304, headers }) : pem(list.pem, headers);
}

/** Conditional requests (RFC 9110 §13.1): where there is an ETag, the date does not count. */
function hasList(context: Context<ManagerEnv>, list: RevocationList): boolean {
  const tags = context.req.header('if-none-match');
  if (tags !== undefined) {
    return tags.split(',').some((tag) => ['*', `"${list.number}"`].includes(tag.trim().replace(/^W\//, '')));
  }
  const since = Date.parse(context.req.header('if-modified-since') ?? '');
  return since >= list.thisUpdateMs;
}
