import { MANAGER_PUBLIC_ROUTES, PatchError } from '@linux-patch/contract';
import { canonicalSerial } from '@linux-patch/pki';
import type { Context } from 'hono';
import type { RevocationList } from '../authority/revocation-list.ts';
import type { ManagerEnv } from '../http/manager-env.ts';
import type { Routes } from '../http/routes.ts';
import type { EnrollmentContext } from './context.ts';

function pem(text: string, headers: Readonly<Record<string, string>>): Response {
  return new Response(text, {
    headers: { 'Content-Type': 'application/x-pem-file; charset=utf-8', ...headers },
  });
}

/** Certificates and revocation list, for whoever asks. */
export function servePki(routes: Routes, enrollment: EnrollmentContext): void {
  const { authority, db } = enrollment;
  routes.serveBare(MANAGER_PUBLIC_ROUTES.ca, () =>
    pem(authority.publishedRootsPem, { 'Cache-Control': 'max-age=3600' }),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.crl, async ({ context, query: { serial } }) =>
    answerCrl(context, await authority.revocationList(db, serial && canonicalSerial(serial))),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.trust, async ({ context }) =>
    context.json(await authority.trustBundle(db), 200),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.repoConfig, () => {
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
